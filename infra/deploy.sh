#!/usr/bin/env bash
# Deploys the templates of infra/ to a resource group, and the package to the
# function app that they create. make deploy RG=… APP=… calls it.
#
#   RG       resource group; it must exist
#   APP      name of the function app, as in the parameter file
#   PARAMS   parameter file; infra/main.bicepparam if empty
#   PACKAGE  an existing package, such as that of a release; built if empty.
#            Beside it has to be its sum: in SHA256SUMS, or in PACKAGE.sha256
#   OWN_PACKAGE  1 for a package that you built in another way, which has no sum
#
# A second deployment changes only what differs.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
template=$root/infra/main.bicep
params=${PARAMS:-$root/infra/main.bicepparam}

fail() {
  echo "deploy: $*" >&2
  exit 2
}

# The SHA-256 sum of a file; macOS has shasum.
sum() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi
}

# Compares a package with every sum beside it that names it. There has to be one.
verify() {
  local package=$1 folder list wanted name actual found=
  folder=$(dirname "$package")
  actual=$(sum "$package")
  actual=${actual%% *}
  for list in "$folder/SHA256SUMS" "$package.sha256"; do
    [ -f "$list" ] || continue
    while read -r wanted name || [ -n "$name" ]; do
      [ "${name#\*}" = "${package##*/}" ] || continue
      [ "$wanted" = "$actual" ] ||
        fail "$package is not the package that $list is about: its SHA-256 sum is $actual, not $wanted"
      found=$list
    done <"$list"
  done
  [ -n "$found" ] || fail "there is no sum of $package: put the SHA256SUMS of its release beside it," \
    "or set OWN_PACKAGE=1 for a package that you built"
  echo "$package has the sum in $found."
}

[ -n "${RG:-}" ] || fail "RG is not set: make deploy RG=resource-group APP=function-app"
[ -n "${APP:-}" ] || fail "APP is not set: make deploy RG=resource-group APP=function-app"
for file in "$template" "$params" ${PACKAGE:+"$PACKAGE"}; do
  [ -f "$file" ] || fail "there is no file $file"
done
[ -z "${PACKAGE:-}" ] || [ "${OWN_PACKAGE:-}" = 1 ] || verify "$PACKAGE"
command -v az >/dev/null || fail "az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli"
az account show --output none 2>/dev/null || fail "az is not signed in: run az login"
az group show --name "$RG" --output none 2>/dev/null ||
  fail "there is no resource group $RG in this subscription: az group create --name $RG --location REGION"

package=${PACKAGE:-$root/dist/guardduty-sentinel.zip}
[ -n "${PACKAGE:-}" ] || make -C "$root" package

echo "Deploying $template to $RG ..."
az deployment group create --resource-group "$RG" --name guardduty-sentinel \
  --template-file "$template" --parameters "$params" --output none

echo "Deploying $package to $APP ..."
az functionapp deployment source config-zip --resource-group "$RG" --name "$APP" --src "$package" --output none

echo "Done. To check the timer: az functionapp function show -g $RG -n $APP --function-name GuardDutyTimer"
