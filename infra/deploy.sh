#!/usr/bin/env bash
# Deploys the templates of infra/ to a resource group, and the package to the
# function app that they create. make deploy RG=… APP=… calls it.
#
#   RG       resource group; it must exist
#   APP      name of the function app, as in the parameter file
#   PARAMS   parameter file; infra/main.bicepparam if empty
#   PACKAGE  an existing package, such as that of a release; built if empty
#
# A second deployment changes only what differs.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
template=$root/infra/main.bicep
params=${PARAMS:-$root/infra/main.bicepparam}

fail() {
  echo "deploy: $1" >&2
  exit 2
}

[ -n "${RG:-}" ] || fail "RG is not set: make deploy RG=resource-group APP=function-app"
[ -n "${APP:-}" ] || fail "APP is not set: make deploy RG=resource-group APP=function-app"
for file in "$template" "$params" ${PACKAGE:+"$PACKAGE"}; do
  [ -f "$file" ] || fail "there is no file $file"
done
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
