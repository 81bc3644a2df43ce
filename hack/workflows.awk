# workflows.awk FILE…: says what in a workflow breaks our rules; hack/verify.sh calls it. It reads lines, so it relies on the layout of ours:
# two spaces a level, `- uses:` at the beginning of a step.
#   An action is pinned by the SHA of a commit, and a comment says which version that is.
#   The token may read and nothing else, unless a job asks for more; a checkout does not keep it.
#   Runs that are overtaken do not pile up, and a job that hangs ends.
#   A job with id-token: write restores no cache: what another run left would act in its name.
#   Text of other people reaches a script by its environment only.
function fault(what) { printf "%s: %s\n", file, what; faults++ }
function end_job() {
  if (job != "" && !timeout) fault("job " job " has no timeout-minutes")
  if (identity && (caches || setups != uncached)) fault("job " job " has id-token: write and restores a cache (setup-go needs cache: false)")
  job = ""; timeout = identity = caches = setups = uncached = 0
}
function end_file() {
  if (file == "") return
  end_job()
  if (!readonly) fault("the workflow's permissions are not exactly contents: read")
  if (!group) fault("no concurrency with a group")
  if (checkouts != forgets) fault(checkouts " checkouts, but " forgets + 0 " persist-credentials: false")
  if (!jobs) fault("no jobs")
}
FNR == 1 { end_file(); file = FILENAME; section = ""; readonly = group = checkouts = forgets = jobs = timeout = 0; job = "" }
/^[a-z]/ { section = $1 }
section == "permissions:" && /^  / { readonly = ($0 ~ /^  contents: read( +#.*)?$/ && !seen[file]++) }
section == "concurrency:" && /^  group: / { group = 1 }
section == "jobs:" && /^  [a-z0-9-]+:/ { end_job(); job = $1; jobs++ }
/^      id-token: write/ { identity = 1 }
/uses: actions\/cache/ { caches++ }
/uses: actions\/setup-/ { setups++ }
/^        cache: false/ { uncached++ }
/^    timeout-minutes: [0-9]+$/ { timeout = 1 }
/permissions: *(write-all|read-all|\{)/ { fault("line " FNR ": permissions are listed one by one") }
/uses: / {
  if ($0 !~ /uses: [A-Za-z0-9_.\/-]+@[0-9a-f]+ # v[0-9]+\.[0-9]+\.[0-9]+$/ || length(substr($0, index($0, "@") + 1, index($0, " #") - index($0, "@") - 1)) != 40)
    fault("line " FNR ": not pinned by the SHA of a commit with its version after it: " $0)
}
/uses: actions\/checkout@/ { checkouts++ }
/^ +persist-credentials: false$/ { forgets++ }
/run: .*\$\{\{/ { fault("line " FNR ": an expression inside a script; pass it by env") }
END { end_file(); exit (faults > 0) }
