#!/usr/bin/env bash
# Compares an existing table AWSGuardDuty_CL with the columns of this version, and
# lists what you have to decide before you deploy to that table. Changes nothing.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: compare-table.sh -g GROUP -w WORKSPACE [-s SUBSCRIPTION]
       compare-table.sh --from FILE
  -g, --resource-group GROUP       resource group of the Log Analytics workspace
  -w, --workspace-name WORKSPACE   the workspace
  -s, --subscription SUBSCRIPTION  its subscription, if it is not the current one
      --from FILE                  output of "az monitor log-analytics workspace table show -o json"
exit status: 0 ready, 1 you have to decide something, 2 wrong usage, or the table could not be read
TEXT
}

die() {
  printf 'compare-table: %s\n' "$*" >&2
  exit 2
}

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
columns="$here/schema/guardduty.columns.json"
group='' workspace='' subscription='' file=''

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    -g | --resource-group | -w | --workspace-name | -s | --subscription | --from)
      [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value (--help)"
      case "$1" in
        -g | --resource-group) group="$2" ;;
        -w | --workspace-name) workspace="$2" ;;
        -s | --subscription) subscription="$2" ;;
        --from) file="$2" ;;
      esac
      shift 2
      ;;
    *) die "unknown argument $1 (--help)" ;;
  esac
done

if [ -n "$file" ]; then
  [ -z "$group$workspace$subscription" ] || die 'give --from or a workspace, not both (--help)'
elif [ -z "$group" ] || [ -z "$workspace" ]; then
  die 'give a resource group (-g) and a workspace (-w), or --from FILE (--help)'
fi

command -v jq >/dev/null || die 'jq is not installed, or not in PATH'
[ -f "$columns" ] || die "there is no $columns: run the script from its place in the repository"
table="$(jq -er .table "$columns")" || die "$columns is not the column list"

# show prints the table as az returns it. If az fails, its message is printed in
# one line, with a fix if one is known.
show() {
  command -v az >/dev/null ||
    die 'az (the Azure CLI) is not installed, or not in PATH. You can save the table elsewhere and use --from'
  local errors said
  errors="$(mktemp)"
  if az monitor log-analytics workspace table show --resource-group "$group" --workspace-name "$workspace" \
    --name "$table" ${subscription:+--subscription "$subscription"} --output json 2>"$errors"; then
    rm -f "$errors"
    return
  fi
  said="$(tr '\n' ' ' <"$errors")"
  rm -f "$errors"
  case "$said" in
    *'az login'* | *AADSTS*) die "az is not signed in: run az login (${said% })" ;;
    *NotFound* | *'not found'* | *'could not be found'*)
      die "there is no table $table in workspace $workspace of group $group, so nothing to migrate;" \
        "or the names or the subscription are wrong (${said% })" ;;
    *AuthorizationFailed* | *'does not have authorization'*)
      die "the account may not read the table: it needs Log Analytics Reader on the workspace (${said% })" ;;
    *) die "az could not read the table: ${said% }" ;;
  esac
}

if [ -n "$file" ]; then
  [ -f "$file" ] || die "there is no file $file"
  existing="$(cat "$file")"
else
  existing="$(show)" || exit 2
fi

# The comparison: {error} or {lines, decide}.
# shellcheck disable=SC2016 # the dollars are jq's
compare='
def norm: ascii_downcase | {bool: "boolean", double: "real", uniqueidentifier: "guid"}[.] // .;
def bicep: if . == "datetime" then "dateTime" else . end;
def stem: sub("_[a-z]$"; "") | ascii_downcase;
def counted($one): "\(length) \($one)\(if length == 1 then "" else "s" end)";
def pad($width): . + (" " * ([$width - length, 1] | max));
def block($title): if length == 0 then empty else
    "", "\($title): \(counted("column"))", (.[] | "  " + (.name | pad(46)) + .note) end;
def carried: test("^[A-Za-z][A-Za-z0-9_]{1,44}$");
def cast($type): {
    guid: "toguid", int: "toint", long: "tolong", real: "todouble", boolean: "tobool", datetime: "todatetime",
    string: "tostring"
  }[$type];
def conversion: .name as $n
  | if .type == "dynamic" then "\($n) = parse_json(tostring(\($n)))" else "\($n) = \(cast(.type))(\($n))" end;

($ours[0].table) as $table
| ["TenantId", "SourceSystem", "MG", "ManagementGroupName", "Computer", "RawData", "Type", "TimeGenerated",
   "_ResourceId", "_SubscriptionId", "_ItemId", "_ResourceGroup", "_TimeReceived", "_IsBillable", "_BilledSize"]
  as $service
| (.schema? // .properties?.schema? // null) as $schema
| if ($schema | type) != "object" or (($schema.columns // []) + ($schema.standardColumns // []) | length) == 0 then
    {error: "is not a table as az prints it: there are no columns in schema"}
  elif ($schema.name // .name) != $table then
    {error: "describes the table \($schema.name // .name) instead of \($table)"}
  else
    (($schema.columns // []) | map({name, type: (.type | norm)})) as $own
    | (($schema.standardColumns // []) | map({name, type: (.type | norm)})) as $standard
    | (($own + $standard) | map({(.name): .type}) | add) as $old
    | ($ours[0].columns) as $new
    | ($new | map({(.name): .type}) | add) as $want
    | ($new | map({(.name | ascii_downcase): .name}) | add) as $folded
    | ($new | map({(.name | stem): .name}) | add) as $stems
    | ($new | map(select($old[.name] == .type))) as $same
    | ($new | map(select($old[.name] != null and $old[.name] != .type)
        | {name, type: $old[.name], note: "\($old[.name]), and \(.type) in this version"})) as $types
    | ($own | map(select($want[.name] == null and (.name as $n | $service | index($n) | not)))) as $only
    | ($only | map(select($folded[.name | ascii_downcase] != null)
        | . + {note: "\($folded[.name | ascii_downcase]) in this version"})) as $case
    | ($only | map(select(.name | carried | not)
        | . + {note: (if (.name | length) > 45 then "\(.name | length) characters"
            else "not a letter, then letters, digits and _" end)})) as $stuck
    | ($only | map(. + {note: (
        (.name | sub("_[a-z]$"; "")) as $path
        | $stems[.name | stem] as $other
        | if $other then "the value is in \($other)"
          elif ($path | test("^(resource|service)_")) then
            ($path | sub("^resource_"; "ResourceDetails.") | sub("^service_"; "ServiceDetails.") | gsub("_"; ".")
              | gsub("\\.(?<n>[0-9]+)"; "[\(.n)]") | "the value is in " + .)
          else "no longer written; a field of the finding with that name is in AdditionalFields" end)})) as $kept
    | ($new | map(select($old[.name] == null) | {name, note: .type})) as $added
    | (($old | length) + ($added | length)) as $total
    | {
        decide: (($types | length) + ($case | length) + ($stuck | length) + (if $total >= 500 then 1 else 0 end)),
        lines: [
          "\($table) is \(if $schema.tableSubType == "Classic" then
              "a classic table, created by the HTTP Data Collector API or an agent"
            elif $schema.tableSubType == "DataCollectionRuleBased" then "already based on data collection rules"
            else "of an unknown kind (tableSubType \($schema.tableSubType // "is missing"))" end). "
            + "It has \($own | counted("column")) of its own.",
          "This version has \($new | length); \($same | length) of them exist with the same name and type.",
          ($types | block("Another type")),
          ($case | block("Differ in case only")),
          ($stuck | block("Names that a deployment cannot carry")),
          ($kept | block("Only in the existing table, no longer filled")),
          ($added | block("To be added")),
          "",
          "\($total) columns in total\(if $total < 500 then ", below the limit of 500 columns"
            else ". A table must have fewer than 500: leave some out" end).",
          (if ($types + $kept | length) == 0 then empty else
            "", "Parameters of infra/modules/ingestion.bicep that keep all columns and their types:", "",
            (if ($types | length) == 0 then empty else
              "param columnTypes = {", ($types[] | "  \(.name): \u0027\(.type | bicep)\u0027"), "}",
              "param transformKql = \u0027source | extend \($types | map(conversion) | join(", "))\u0027" end),
            ($kept | map(select(.name | carried)) | if length == 0 then empty else
              "param extraColumns = [",
              (.[] | "  { name: \u0027\(.name)\u0027, type: \u0027\(.type | bicep)\u0027 }"), "]" end)
          end)
        ],
        classic: ($schema.tableSubType == "Classic"),
        known: ($schema.tableSubType == "Classic" or $schema.tableSubType == "DataCollectionRuleBased")
      }
  end'

from="${file:-the answer of az}"
report="$(jq --slurpfile ours "$columns" "$compare" <<<"$existing" 2>/dev/null)" ||
  die "$from is not JSON, or not a table as az prints it"
[ -n "$report" ] || die "$from is empty"
error="$(jq -r '.error // empty' <<<"$report")"
[ -z "$error" ] || die "$from $error"
jq -r '.lines[]' <<<"$report"
echo
decide="$(jq -r .decide <<<"$report")"
if [ "$(jq -r .known <<<"$report")" != true ]; then
  echo 'To decide: what kind of table this is (docs/migrate.md).'
  exit 1
elif [ "$decide" != 0 ]; then
  echo "To decide: $decide (docs/migrate.md, \"What has to be decided\")."
  exit 1
elif [ "$(jq -r .classic <<<"$report")" = true ]; then
  echo 'Ready: nothing to decide. Stop the old sender, migrate the table, deploy (docs/migrate.md).'
else
  echo 'Ready: there is nothing to migrate. Deploy.'
fi
