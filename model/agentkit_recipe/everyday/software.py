# ruff: noqa: E501 (tables of phrasings)
"""Building and running software: code review, builds, packages, deployments, databases, monitoring, accounts, pages, media.

The tools are named and described as developers and operators write them as Python functions.
"""

from __future__ import annotations

from ..tables import choice, family, flag, slot

_PLACES = {"production": ("production", "prod"), "staging": ("staging",), "development": ("dev", "development")}

CODE = (
    family("create_pull_request open_pull_request create_pr", "Create a pull request.|Open a pull request from a branch.|Propose the changes of a branch for review.", (
        slot("title subject name", "text", "Title of the pull request.|One-line summary of the changes."), slot("branch source head", "branch", "Branch with the changes.|The head branch."),
        flag("draft is_draft as_draft", "as a draft|draft for now", "ready for review|not a draft", "Whether it is a draft.|True to open it as a draft.", optional=True)),
        """open a pull request for {branch} titled "{title}"|create a PR from {branch}: {title}|PR {branch}, title: {title}|{branch} is finished, make a pull request called "{title}"|I pushed {branch}. pull request please, {title}|can you open a PR on {branch}, {draft}, called "{title}"?|"{title}" should be the title of a new pull request from {branch}|{title} - that's what {branch} does, open the PR
        |pull request, {draft}, {branch}: {title}|could you put {branch} up for review as "{title}"|new pr "{title}" from {branch}|propose {branch}, {draft}, title "{title}\"""",
        "opened #{int 10 4000}"),
    family("list_open_pull_requests get_pull_requests open_prs", "List the open pull requests of a repository.|Get pull requests that are not closed yet.|Return what is waiting for code review.", (
        slot("repository repo project", "service_name", "Name of the repository.|Which repo."), slot("author created_by user", "username", "Only pull requests by this user.|Filter by author.", optional=True)),
        """open pull requests in {repository}|which PRs are open on {repository}?|{repository}: any pull requests waiting?|is there something to review in {repository}|what has {author} got open in {repository}|show me the pull requests {author} opened on {repository}|PRs by {author}, repo {repository}|list prs {repository}|I have half an hour for code review, what's waiting in {repository}?|does {author} have pull requests in {repository} that nobody looked at
        |can you check the {repository} repo for open pull requests|before we tag a release of {repository}, list every pull request that's still open""",
        "* #{int 10 4000} {kind title}"),
    family("request_review add_reviewer ask_for_review", "Request a review of a pull request.|Add a reviewer to a pull request.|Ask somebody to review the code changes.", (
        slot("number pr_number pull_request", "pages", "Number of the pull request.|Which PR.", "integer"), slot("reviewer user username", "username", "Who should review it.|Username of the reviewer.")),
        """ask {reviewer} to review PR {number}|add {reviewer} as a reviewer on #{number}|review of pull request {number} by {reviewer}|can {reviewer} have a look at PR #{number}?|#{number} needs a reviewer, take {reviewer}|{reviewer} should review {number}|nobody has reviewed pull request {number} yet, request it from {reviewer}|reviewer {reviewer}, pr {number}|please get a code review from {reviewer} for #{number}|I'd like {reviewer}'s opinion on pull request {number} before it goes in
        |{reviewer} knows that code best, so put them on PR {number} as reviewer|request review #{number} -> {reviewer}""",
        "{pick requested|ok|reviewer added}"),
    family("commit_changes git_commit make_commit", "Commit the changes.|Create a commit with a message.|Record the staged changes in git.", (
        slot("message commit_message msg", "text", "Commit message.|What the commit says."), flag("push push_after and_push", "and push|then push it", "don't push|without pushing", "Whether to push afterwards.|True to push the commit.", optional=True)),
        """commit with message "{message}"|git commit: {message}|commit this as "{message}", {push}|commit my changes, message: {message}|"{message}" is the commit message, go ahead and commit|I'm done here, make a commit saying "{message}"|commit everything, {push}, message {message}|{message} (commit message)|can you commit what I have so far as "{message}"?|save my work in git with the message "{message}"|new commit, {push}: {message}|please commit the staged files and call it "{message}\"""",
        "{pick 3f9c2a1|b71e04d|a0c88fe|9d12e5b|e4470ac} committed"),
    family("close_issue resolve_issue mark_issue_closed", "Close an issue.|Mark an issue as closed with a reason.|Resolve an issue in the tracker.", (
        slot("number issue_number issue_id", "big_int", "Number of the issue.|Which issue.", "integer"),
        choice("reason state_reason why", "completed|duplicate|not_planned", "Why it is closed.|The reason.", {"completed": ("completed", "fixed", "done"), "duplicate": ("duplicate", "a duplicate"), "not_planned": ("not planned", "won't fix")}, optional=True)),
        """close issue {number}|issue {number} can be closed|close #{number}, {reason}|#{number} is {reason}, close the issue|please close issue #{number} as {reason}|we're not working on issue {number} any more, close it|{number}: {reason}. close that issue|can you close {number} in the issue tracker?|resolve issue {number}|I think #{number} was solved last week, mark the issue closed|issue {number} -> closed ({reason})|get rid of issue {number}, it's {reason}""",
        "#{arg number} closed"),
    family("add_issue_comment comment_on_issue post_comment", "Add a comment to an issue.|Post a comment on an issue or pull request.|Write a comment under an issue.", (
        slot("number issue_number issue", "big_int", "Number of the issue.|Which issue to comment on.", "integer"), slot("body comment text", "text", "Text of the comment.|What to write.")),
        """comment on issue {number}: {body}|add a comment to #{number} saying "{body}"|#{number} comment: {body}|write "{body}" under issue {number}|leave a comment on {number}, {body}|"{body}" - post that as a comment on issue {number}|can you comment "{body}" on #{number}|reply in issue {number} with: {body}|for issue {number} I want to note in a comment: {body}|they're waiting for an answer on #{number}, comment "{body}"|issue {number}, new comment, {body}|{body}. put that in the comments of issue {number}""",
        "comment {int 1000 99999} posted"),
    family("add_labels label_issue set_issue_labels", "Add labels to an issue.|Label an issue in the tracker.|Attach one or more labels to an issue.", (
        slot("number issue_number issue_id", "big_int", "Number of the issue.|Which issue to label.", "integer"), slot("labels tags label_names", "words", "Labels to add.|Names of the labels.", "array")),
        """label issue {number} with {labels}|add the labels {labels} to #{number}|#{number} labels: {labels}|issue {number} should have the labels {labels}|put {labels} on issue {number} as labels|{labels} are the right labels for {number}|can you tag issue {number} with {labels}?|labels {labels} for issue #{number}|nobody can find issue {number}, label it {labels}|please attach {labels} to #{number}|triage: {number} gets {labels} as labels|I forgot the labels on {number}, it needs {labels}""",
        "{int 2 6} labels on #{arg number}"),
    family("run_tests run_test_suite execute_tests", "Run the tests.|Run a test suite.|Execute the automated tests of a project.", (
        choice("suite kind test_type", "unit|integration|end_to_end", "Which tests to run.|The kind of tests.", {"unit": ("unit",), "integration": ("integration",), "end_to_end": ("end to end", "e2e")}, optional=True),
        slot("path test_file target", "folder", "Only tests in this folder.|Where the tests are.", optional=True)),
        """run the tests|run the {suite} tests|do the {suite} tests pass?|tests in {path} please|execute {suite} tests in {path}|are all tests green?|I changed a lot in {path}, run its tests|{suite} tests, now|can you run only the {suite} test suite for {path}|check if I broke anything, run the test suite|just run what's under {path}, {suite} tests|kick off {suite} tests before I commit""",
        "passed = {int 12 900}; failed = {int 0 4}"),
    family("get_build_status build_status check_build", "Get the status of the latest build.|Check whether the build of a branch passed.|Return the CI result of a branch.", (
        slot("branch ref git_branch", "branch", "Branch that was built.|Which branch."),),
        """build status of {branch}|did the build pass on {branch}?|is {branch} green|{branch} build?|how is CI doing on {branch}|check the latest build of {branch}|why can't I merge, is the build on {branch} broken?|tell me whether {branch} builds|ci {branch}|I pushed to {branch} ten minutes ago, has the build finished?|is the pipeline for {branch} through yet|could you look up the CI result for {branch} please""",
        "{pick passed|failed|running|queued} in {int 1 40} min"),
    family("install_package add_dependency pip_install", "Install a package.|Add a package to the dependencies.|Install a library in a given version.", (
        slot("package name library", "service_name", "Name of the package.|Which library."), slot("version release pin", "version", "Version to install.|Pinned version.", optional=True)),
        """install {package}|install {package} version {version}|pip install {package}|add {package} to the dependencies|I need the {package} library|{package} {version}, install it please|pin {package} to {version} and install it|it says there is no module named {package}, can you install that?|we depend on {package} now, add the package|can you get me {version} of the {package} package|the newest {package} is buggy, install {version} instead|package {package}, version {version}""",
        "{arg package} {int 0 9}.{int 0 20}.{int 0 9} installed"),
    family("list_outdated_packages outdated_dependencies check_package_updates", "List outdated packages.|Return dependencies that have a newer version.|Check which packages need an update.", (),
        """which packages are outdated?|list outdated packages|outdated dependencies?|are our dependencies up to date|do any packages need updating|show me every dependency with a newer version|what can we upgrade in this project|I want to update the libraries this afternoon, which ones are behind?|check packages for updates|is there anything old among our dependencies|pip outdated|find out which libraries have new releases""",
        "* {kind service_name} {kind version}"),
)  # fmt: skip

RUNNING = (
    family("get_deployment_status deployment_status check_rollout", "Get the status of a deployment.|Check how far a rollout is.|Return which state a deployed service is in.", (
        slot("service name deployment", "service_name", "Name of the service.|Which deployment."), choice("environment env stage", "production|staging|development", "Target environment.|Where it is deployed.", _PLACES, optional=True)),
        """deployment status of {service}|is {service} deployed yet?|{service} {environment} deployment status|how far is the rollout of {service} on {environment}|did the {service} deployment go through?|status {service}|check on the deployment of {service} in {environment}|has {service} made it to {environment}|someone deployed {service} this morning, is it live?|what's going on with the {service} rollout|on {environment}, what state is the {service} deployment in?|I'm waiting for {service} to come up in {environment}, is the deployment done""",
        "{pick v1.2.3 is live|rolling out|failed|healthy|pending}"),
    family("scale_service set_replicas scale_deployment", "Scale a service to a number of replicas.|Set how many instances of a service run.|Change the replica count of a deployment.", (
        slot("service deployment name", "service_name", "Service to scale.|Name of the deployment."), slot("replicas instances count", "people", "Number of replicas.|How many instances.", "integer")),
        """scale {service} to {replicas}|{replicas} replicas of {service}|set {service} replicas to {replicas}|run {replicas} instances of {service}|{service} can't keep up, scale it to {replicas} instances|we need {replicas} of {service} running before the sale starts|scale {service} {replicas}|how about {replicas} replicas for {service}, it's getting slow|traffic is low, {replicas} instances are enough for {service}|{service}: replica count {replicas}|please change the number of {service} instances to {replicas}|could you scale the {service} deployment to {replicas} pods""",
        "{arg service}: {arg replicas}/{arg replicas} ready"),
    family("list_containers get_containers docker_ps", "List the containers on a host.|Return the running containers.|Show docker containers with their state.", (
        slot("host server machine", "server", "Host to look at.|Which server."), flag("all include_stopped show_all", "including stopped ones|stopped ones too", "only running ones|just the running ones", "Whether stopped containers are included.|True to show all of them.", optional=True)),
        """list containers on {host}|which containers run on {host}?|docker ps {host}|containers {host}, {all}|what's running in docker on {host}|show me the containers of {host}, {all}|{host}: list its containers, {all}|I think something crashed on {host}, which containers are there? {all}|is anything running on {host}, container-wise|can you look at the docker containers on {host}|get all containers from host {host}, {all}|on {host}, what containers do we have""",
        "* {kind service_name} ({pick up|exited|restarting})"),
    family("search_logs query_logs filter_logs", "Search the logs of a service.|Find log entries that contain some text.|Filter log messages by level and text.", (
        slot("service source name", "service_name", "Service whose logs are searched.|Where the logs come from."), slot("query text pattern", "word", "Text to look for.|Search pattern."),
        choice("level severity min_level", "debug|info|warning|error", "Only entries of this level.|Log level.", {"warning": ("warning", "warn")}, optional=True)),
        """search the logs of {service} for {query}|grep "{query}" in {service} logs|{service} logs: {query}|find {query} in the logs from {service}, level {level}|any log entries about {query} in {service}?|does "{query}" show up in the {service} logs|level {level}, service {service}, logs containing {query}|something is off with {query}, look for it in {service}'s logs|logs {service} "{query}" {level}|did {service} log anything with {query} at {level} level|I'm debugging {service}, show me log messages that mention {query}|{query} - where is that in the logs of {service}?""",
        "* {pick ERROR|WARN|INFO} {kind word} {pick timed out|not found|refused|retried}"),
    family("set_feature_flag toggle_feature_flag update_flag", "Turn a feature flag on or off.|Enable or disable a feature.|Set a feature flag in an environment.", (
        slot("flag_name feature key", "service_name", "Name of the feature flag.|Which feature."), flag("enabled state value", "on|enabled", "off|disabled", "Whether the feature is on.|True to enable it."),
        choice("environment env stage", "production|staging|development", "In which environment.|Where the flag is set.", _PLACES, optional=True)),
        """feature flag {flag_name} {enabled}|set the {flag_name} flag to {enabled}|{flag_name} should be {enabled} in {environment}, it's a feature flag|I want the feature {flag_name} {enabled}|{enabled}: flag {flag_name}, {environment}|the flag {flag_name} has to be {enabled} before the demo|can we have the {flag_name} feature {enabled} on {environment}|flag {flag_name} = {enabled}|switch feature {flag_name} to {enabled} for {environment}|{environment}, {flag_name} flag, {enabled}|customers complain about {flag_name}, make sure that feature is {enabled}|please make {flag_name} {enabled} in the feature flags""",
        "{arg flag_name} {pick updated|saved|set}"),
    family("rotate_secret renew_secret rotate_credentials", "Rotate a secret.|Replace a secret with a new value.|Renew the credentials of a service.", (
        slot("name secret secret_name", "service_name", "Name of the secret.|Which credentials."),),
        """rotate the secret {name}|{name} secret leaked, rotate it|rotate {name}|renew the credentials for {name}|can you rotate the {name} secret please|new credentials for {name}|the secret of {name} is a year old, time to rotate|I pasted the {name} secret in a public channel, we need a new one|replace secret {name}|secrets: rotate {name}|give {name} a fresh secret|somebody may know the {name} credentials, please renew them""",
        "new version {int 2 40}"),
    family("add_dns_record create_dns_entry set_dns_record", "Add a DNS record.|Create a DNS entry for a domain.|Point a domain at an address.", (
        slot("domain name host", "domain", "Domain of the record.|Name of the entry."), slot("address ip value", "ip", "Address it points to.|Value of the record."), slot("ttl ttl_seconds cache_seconds", "seconds", "Time to live in seconds.|TTL of the record.", "integer", optional=True)),
        """add a dns record for {domain} pointing to {address}|{domain} -> {address}|point {domain} at {address}|DNS: {domain} {address}, ttl {ttl}|create an A record, {domain} to {address}|{address} is the new server, {domain} should resolve to it|make {domain} resolve to {address} with a ttl of {ttl}|dns entry {domain} {address}|can you set up DNS so that {domain} goes to {address}?|we moved to {address}, add the record for {domain}, {ttl} seconds ttl|A record with value {address} for {domain} please|I bought {domain}, let it point at {address}""",
        "{pick created|propagating|ok: A record}"),
    family("purge_cache clear_cdn_cache flush_cache", "Purge the cache of a site.|Clear the CDN cache.|Flush cached pages so that new content is served.", (
        slot("domain site host", "domain", "Site whose cache is purged.|Which domain.", optional=True),),
        """purge the cache|clear the cache of {domain}|flush the CDN cache for {domain}|{domain} still shows the old page, purge its cache|cache purge {domain}|people see outdated content, can you clear the CDN cache?|empty the cache for {domain} please|{domain}: flush cache|why is the old logo still there? purge everything that's cached|could you purge the cdn|I just changed the css on {domain}, please flush what's cached|drop all cached pages""",
        "{int 3 9000} objects purged"),
    family("check_certificate ssl_expiry get_certificate_info", "Check the TLS certificate of a domain.|Get when an SSL certificate expires.|Return issuer and expiry of a certificate.", (
        slot("domain host hostname", "domain", "Domain of the certificate.|Which host."),),
        """when does the certificate of {domain} expire?|check ssl for {domain}|is the cert on {domain} still valid|{domain} certificate|the browser warns me about {domain}, check its certificate|how long is the TLS certificate for {domain} good for|ssl expiry {domain}|certificate info for {domain} please|who issued the certificate of {domain}|do we have to renew the cert for {domain} soon?|look at {domain} and tell me if SSL is fine|https on {domain} fails, has its certificate run out?""",
        "valid for {int 1 380} days"),
    family("create_cron_job schedule_job add_scheduled_job", "Create a cron job.|Schedule a job to run regularly.|Add a job that runs every hour, day or week.", (
        slot("job name task", "service_name", "Name of the job.|Which job to run."), choice("interval frequency every", "hourly|daily|weekly", "How often it runs.|The interval.", {"hourly": ("every hour", "hourly"), "daily": ("every day", "daily"), "weekly": ("every week", "weekly")}),
        slot("time start_time at", "time", "Time of day to run at.|When it starts.", optional=True)),
        """run {job} {interval}|schedule {job} {interval} at {time}|cron job: {job}, {interval}|{interval}, {job} should run|add a cron job for {job}, {interval} at {time}|I keep forgetting to start {job}, let it run {interval}|{job} needs to run {interval}, starting {time}|at {time}, {interval}, run the job {job}|can you schedule the {job} job {interval}?|new scheduled job {job} ({interval})|cron {job} {interval} {time}|make {job} a scheduled job that runs {interval}""",
        "next run in {int 1 59} minutes"),
    family("get_queue_length queue_depth count_queued_messages", "Get the length of a queue.|Return how many messages wait in a queue.|Count the jobs waiting in a queue.", (
        slot("queue queue_name name", "service_name", "Name of the queue.|Which queue."),),
        """how long is the {queue} queue?|queue length of {queue}|how many messages are waiting in {queue}|{queue} queue depth|is {queue} backed up? check the queue|jobs waiting in {queue}?|count messages in queue {queue}|mails arrive late, how many are stuck in the {queue} queue|what's the backlog on {queue}|tell me how full {queue} is, the queue I mean|queue {queue}, number of messages please|are the workers keeping up with {queue} or is its queue growing?""",
        "{int 0 12000} messages"),
    family("get_cluster_health cluster_status check_cluster", "Get the health of the cluster.|Check whether all nodes of the cluster are ready.|Return the state of the Kubernetes cluster.", (),
        """is the cluster healthy?|cluster health|how is the cluster doing|are all nodes up|check the kubernetes cluster|status of our cluster please|everything is slow, is something wrong with the cluster?|k8s status|do we have any nodes down|before I go home, is the cluster ok|show cluster status|can you see whether every node is ready""",
        "{int 2 30} nodes {pick ready|healthy|ready, 1 degraded}"),
)  # fmt: skip

DATA = (
    family("explain_query query_plan explain_sql", "Explain how a SQL query is executed.|Get the execution plan of a query.|Show the query plan and cost of an SQL statement.", (
        slot("sql query statement", "sql", "SQL statement to explain.|The query."),),
        """explain {sql}|query plan for {sql}|why is this query slow: {sql}|show me the execution plan of {sql}|{sql} - explain that query|what does the database do when I run {sql}|is there an index used in {sql}? get the plan|explain the sql {sql}|how expensive is {sql}|plan of "{sql}" please|this one takes forever, explain it: {sql}|can you check the query plan? {sql}""",
        "{pick seq scan|index scan|bitmap scan}, cost {float 1 900 2}"),
    family("export_query export_query_to_file save_query_result", "Export the result of a SQL query to a file.|Save the rows of a query in a file.|Write query results to disk.", (
        slot("sql query statement", "sql", "SQL query to export.|Which query."), slot("path file output", "path", "File to write to.|Output file.")),
        """export {sql} to {path}|save the result of {sql} as {path}|{sql} > {path}|write the rows of {sql} into {path}|I need {path} with the result of {sql}|to {path}, export: {sql}|can you export the query {sql} to {path}?|put the output of "{sql}" in {path}|query {sql}, save to file {path}|marketing wants the data as {path}, the query is {sql}|please dump what {sql} returns to {path}|{path} should contain the result of the query {sql}""",
        "{int 1 5000} rows written"),
    family("describe_table table_schema get_columns", "Describe a database table.|Get the schema of a table.|List the columns of a table with their types.", (
        slot("table table_name name", "table", "Name of the table.|Which table."),),
        """describe table {table}|what columns does {table} have?|schema of {table}|{table} table, which fields|show me the schema for the {table} table|list columns in {table}|I need to write a query on {table}, what columns are there|describe {table}|how is the {table} table defined?|which types do the columns of {table} have|columns {table} please|does {table} have an id column? get me its schema""",
        "* {kind word} {pick text|integer|boolean|timestamp}"),
    family("restore_database restore_db_backup load_database_dump", "Restore a database from a backup.|Load the backup of a date into a database.|Put a database back to an earlier state.", (
        slot("database db name", "service_name", "Database to restore.|Which database."), slot("date backup_date as_of", "weekday", "Day of the backup.|Which day's backup.")),
        """restore {database} from the backup of {date}|restore db {database}, backup {date}|{database} is broken, load the {date} backup|the backup from {date} should go into {database}|put the {database} database back to how it was on {date}|{database}: restore {date}|I deleted too much in {database}, please restore the backup dated {date}|can we get {database} back from the backup of {date}?|database restore, {database}, {date}|take the {date} backup and restore it to {database}|roll the data in {database} back to {date}|use the dump of {date} to restore {database}""",
        "{float 1 900 2} MB restored"),
    family("append_row add_spreadsheet_row append_sheet_row", "Append a row to a spreadsheet.|Add a row of values at the end of a sheet.|Write a new line into a spreadsheet.", (
        slot("sheet tab worksheet", "month", "Sheet to write to.|Name of the tab."), slot("values row cells", "words", "Values of the row.|Cells from left to right.", "array")),
        """append a row to {sheet}: {values}|add {values} as a new row in the {sheet} sheet|{sheet} sheet, new row: {values}|new line in {sheet} with {values}|put {values} at the end of the sheet {sheet}|row {values} -> sheet {sheet}|in the {sheet} tab of the spreadsheet, append {values}|{values} is missing in my {sheet} sheet, add a row|can you add one more row to {sheet} with the values {values}?|spreadsheet {sheet}, append {values}|please write {values} into the next free row of {sheet}|the last row of {sheet} should be {values}, add it""",
        "row {int 2 900}"),
    family("semantic_search search_knowledge_base vector_search", "Search the knowledge base by meaning.|Find the documents closest to a query with embeddings.|Run a vector search over the documents.", (
        slot("query question text", "query", "What to search for.|Query text."), slot("top_k limit max_results", "small_int", "Number of results.|How many documents to return.", "integer", optional=True)),
        """search the knowledge base for {query}|what do our documents say about {query}?|top {top_k} documents on {query}|find docs similar to "{query}"|knowledge base {query}|{query}: vector search, {top_k} results|is there anything about {query} in the knowledge base|give me the {top_k} closest matches for {query} from our docs|look {query} up in the internal docs|I need {top_k} passages about {query} out of the knowledge base|semantic search "{query}"|someone surely wrote about {query} already, search our documents""",
        "* {kind title} ({float 0.4 0.99 2})"),
    family("validate_json check_json lint_json_file", "Check whether a file is valid JSON.|Validate the syntax of a JSON file.|Report JSON errors of a file.", (
        slot("path file filename", "path", "File to validate.|Which file."),),
        """is {path} valid json?|validate {path}|check the json in {path}|{path} json ok?|I can't parse {path}, is its JSON broken?|lint {path} as json|does {path} contain any json errors|json syntax check, {path}|could you validate the json file {path} before I upload it|find the json mistake in {path}|{path} fails to load, check whether it's proper json|see if {path} is well-formed JSON""",
        "{pick valid|line 12: missing comma|unexpected end of file|valid, 48 keys}"),
    family("diff_files compare_files file_diff", "Compare two files.|Show the differences between two files.|Return the diff of one file against another.", (
        slot("path first old", "path", "First file.|Old file."), slot("other second new", "path_to", "Second file.|File to compare with.")),
        """diff {path} {other}|compare {path} with {other}|what's different between {path} and {other}?|{path} vs {other}|show the differences of {path} and {other}|are {path} and {other} the same|how does {other} differ from {path}|one of {path} and {other} is newer, compare them|give me a diff from {path} to {other}|I think somebody edited {other}, compare it to {path}|file comparison: {path}, {other}|did anything change between {path} and {other}""",
        "+{int 0 90} -{int 0 60} lines"),
    family("upload_to_bucket upload_object put_object", "Upload a file to a storage bucket.|Store a file in cloud storage.|Put an object into a bucket.", (
        slot("path file source", "path", "File to upload.|Local file."), slot("bucket bucket_name container", "service_name", "Name of the bucket.|Target bucket."),
        flag("public is_public public_read", "publicly readable|public", "private|not public", "Whether anyone may read it.|True to make it public.", optional=True)),
        """upload {path} to {bucket}|put {path} in the bucket {bucket}, {public}|{path} -> bucket {bucket}|store {path} in bucket {bucket}|the {bucket} bucket needs {path}, {public}|can you upload {path} to our {bucket} bucket and make it {public}|bucket {bucket}, upload {path}, {public}|I want {path} in cloud storage, bucket is {bucket}|copy {path} up to the {bucket} bucket|{public} upload of {path} into bucket {bucket}|please push {path} to {bucket} in the cloud storage|we share files over the {bucket} bucket, upload {path} there""",
        "uploaded, {float 0.1 900 1} MB"),
)  # fmt: skip

WATCHING = (
    family("get_error_rate error_rate service_error_rate", "Get the error rate of a service.|Return the share of failed requests.|Show how many requests of a service fail.", (
        slot("service name service_name", "service_name", "Name of the service.|Which service."), slot("minutes window_minutes last_minutes", "minutes", "Length of the window in minutes.|How far back to look.", "integer", optional=True)),
        """error rate of {service}|how many requests to {service} fail?|{service} error rate, last {minutes} minutes|is {service} throwing errors|what share of {service} requests failed in the last {minutes} minutes|errors {service} {minutes}m|users report errors in {service}, how bad is it?|check the failed requests on {service}|over the past {minutes} minutes, what was {service}'s error rate|are there more errors than usual in {service}?|we released {service} {minutes} minutes ago, what's the error rate since|give me the error percentage for {service}""",
        "{float 0 12 2}%"),
    family("create_alert_rule add_alert set_metric_alert", "Create an alert rule for a metric.|Alert when a metric of a service goes over a threshold.|Add a monitoring alert.", (
        slot("service target name", "service_name", "Service to watch.|Which service."), choice("metric measure signal", "cpu|memory|disk", "Metric to watch.|What is measured.", {"cpu": ("cpu", "CPU"), "memory": ("memory", "memory usage"), "disk": ("disk", "disk usage")}),
        slot("threshold limit above", "percent", "Alert above this percentage.|Threshold in percent.", "integer")),
        """alert me when {metric} of {service} goes over {threshold}%|alert rule: {service} {metric} > {threshold}|create an alert for {service}, {metric} above {threshold} percent|if {service} uses more than {threshold}% {metric}, alert us|{metric} alert on {service} at {threshold}%|{service} went down and nobody noticed, add an alert for {metric} over {threshold}|set an alert at {threshold} percent {metric} for {service}|{threshold}% {metric} is too much for {service}, warn the team then|new monitoring alert, {service}, {metric}, {threshold}|can we get alerted once {metric} on {service} passes {threshold}%?|I want to know as soon as {service} is above {threshold}% {metric}|watch {metric} of {service}, threshold {threshold}""",
        "rule {int 10 900} active"),
    family("silence_alerts mute_alerts snooze_alerts", "Silence the alerts of a service.|Mute alerts for some minutes.|Snooze monitoring alerts during maintenance.", (
        slot("service name source", "service_name", "Service whose alerts are silenced.|Which service."), slot("minutes duration for_minutes", "minutes", "For how many minutes.|Duration in minutes.", "integer")),
        """silence alerts for {service} for {minutes} minutes|mute {service} alerts, {minutes} min|no alerts from {service} for the next {minutes} minutes please|{service}: silence {minutes}m|I'm doing maintenance on {service}, mute its alerts for {minutes} minutes|for {minutes} minutes, keep the {service} alerts quiet|snooze {service} for {minutes} minutes, the alerts drive me mad|we know {service} is down, silence it {minutes} minutes|alerts of {service} off for {minutes} minutes|could you mute alerting on {service}? {minutes} minutes should do|give me {minutes} minutes without {service} alerts|stop paging us about {service} for {minutes} minutes""",
        "silenced until {int 0 23}:{int 10 59}"),
    family("acknowledge_incident ack_incident take_incident", "Acknowledge an incident.|Take an incident so that others know it is handled.|Stop the paging of an incident.", (
        slot("incident incident_id id", "ticket", "ID of the incident.|Which incident."),),
        """acknowledge {incident}|ack {incident}|I'll take incident {incident}|I'm on {incident}, acknowledge it|acknowledge the incident {incident} please|{incident} ack|my pager won't stop because of {incident}, acknowledge that incident|mark incident {incident} as acknowledged|tell everyone I'm handling {incident}|incident {incident} is mine|can you ack incident {incident} for me|{incident} - I've seen the incident and I'm looking into it""",
        "{arg incident} acknowledged"),
    family("get_on_call who_is_on_call on_call_engineer", "Get who is on call.|Return the engineer on duty.|Look up the on-call schedule of a team.", (
        choice("team rotation schedule", "backend|frontend|database|platform", "Team of the rotation.|Which team.", optional=True), slot("day date weekday", "weekday", "Day to look up.|For which day.", optional=True)),
        """who is on call?|who's on call for {team}|on call {team} {day}|which engineer is on duty on {day}|whom do I page for a {team} problem|{team} on-call on {day}?|is somebody on call right now|look up the on-call person for {day}|I need someone from {team} urgently, who has on-call duty?|am I on call on {day}|on-call schedule, {team} team, {day}|on {day} who has the pager for {team}""",
        "{kind person}"),
    family("get_cloud_costs cloud_bill cloud_spend", "Get the cloud costs of a month.|Return what was spent on the cloud.|Show the cloud bill of a provider.", (
        slot("month period billing_month", "month", "Month of the bill.|Which month."), choice("provider cloud vendor", "aws|azure|gcp", "Cloud provider.|Which cloud.", {"aws": ("AWS", "aws"), "azure": ("Azure",), "gcp": ("GCP", "Google Cloud")}, optional=True)),
        """what did the cloud cost in {month}?|cloud costs {month}|{provider} bill for {month}|how much did we spend on {provider} in {month}|{month} cloud spend please|our {provider} costs went up, what was {month}?|in {month}, what did we pay for servers in the cloud|{month}: {provider} cost|show me the cloud bill of {month}|finance asks what {provider} cost us in {month}|get the {month} costs from {provider}|was {month} expensive, cloud-wise?""",
        "{float 80 9000 2} USD"),
    family("count_active_sessions active_sessions users_online", "Count the active sessions.|Return how many users are logged in.|Get the number of users online.", (),
        """how many users are online?|active sessions|how many people are logged in right now|users online|is anyone using the system at the moment|count active sessions please|can I take the site down or are there users on it?|number of active sessions now|how busy is it, how many are logged in|sessions currently active?|tell me how many users we have online|I want to deploy, check how many sessions are active first""",
        "{int 0 4000}"),
)  # fmt: skip

PEOPLE_AND_PAGES = (
    family("grant_role assign_role add_user_role", "Grant a role to a user.|Give a user permissions through a role.|Change what a user is allowed to do.", (
        slot("username user account", "username", "Username of the account.|Who gets the role."), choice("role permission access_level", "viewer|editor|admin", "Role to grant.|Access level.")),
        """give {username} the {role} role|make {username} {role}|grant {role} to {username}|{username} needs {role} permissions|role of {username}: {role}|can {username} get {role} rights?|{username} can't see the page, grant them the {role} role|set {username} to {role}|{role} access for {username}, please|add the role {role} to user {username}|from today {username} works with us, role {role}|permissions: {username} = {role}""",
        "{arg username} is {arg role}"),
    family("reset_user_password reset_password force_password_reset", "Reset the password of a user.|Send a user a link to choose a new password.|Force a password reset for an account.", (
        slot("username user login", "username", "Username of the account.|Whose password."),),
        """reset the password of {username}|password reset {username}|{username} forgot their password|{username} can't log in, send a reset link|please reset {username}'s password|new password for user {username}|force a password reset on the account {username}|could you send {username} a link to choose a new password?|the account {username} was probably hacked, reset its password|user {username}: reset pw|{username} is locked out because of a wrong password, help them|I need the password for {username} to be reset""",
        "{pick reset link sent|reset|mail sent}"),
    family("create_api_key generate_api_token issue_api_key", "Create an API key.|Generate an API token that expires.|Issue a key for access to the API.", (
        slot("name label key_name", "service_name", "Name of the key.|What the key is for."), slot("days expires_in_days valid_days", "count", "Days until it expires.|How long it is valid.", "integer", optional=True)),
        """create an api key for {name}|api key {name}, {days} days|new API token called {name}|I need an API key for {name} that's valid for {days} days|{name} needs access to our api, generate a key|generate an api token, name {name}, expires in {days} days|{name}: api key please|can you issue a key to {name} for {days} days so it can call the API?|key for the API, name it {name}|{days} days of api access for {name}, make a key|the {name} script gets a 401, create an api key for it|api token {name}""",
        "sk-{kind code}"),
    family("post_to_channel send_channel_message chat_post_message", "Post a message to a chat channel.|Send a message to a team channel.|Write something in a Slack channel.", (
        slot("channel channel_name room", "service_name", "Name of the channel.|Which channel."), slot("text message body", "text", "Text of the message.|What to post.")),
        """post in #{channel}: {text}|tell #{channel} "{text}"|send "{text}" to the {channel} channel|#{channel} {text}|message to {channel} on slack: {text}|write "{text}" in #{channel} please|"{text}" - post that to #{channel}|let the people in #{channel} know: {text}|channel {channel}, post {text}|can you post "{text}" in the channel {channel}?|everyone in #{channel} should read this: {text}|{text}. post it to channel {channel}""",
        "{pick posted|sent|ok}"),
    family("create_webhook register_webhook add_webhook", "Create a webhook.|Register a URL that is called on an event.|Send events to a URL.", (
        slot("url callback_url endpoint", "url", "URL to call.|Endpoint that receives the events."), choice("event trigger event_type", "push|release|deployment", "Event that triggers it.|On which event.")),
        """create a webhook to {url} on {event}|webhook {url} for {event} events|call {url} on every {event}|on {event}, send a request to {url}|{url} should be called when there's a {event}|register {url} as a {event} webhook|{event} webhook: {url}|our bot at {url} wants to know about each {event}, add a webhook|can you add {url} as a webhook for the {event} event|notify {url} about every {event}|add webhook, event {event}, url {url}|please set up a webhook. {event} events go to {url}""",
        "hook {int 100 9999} active"),
    family("scrape_page extract_from_page scrape_website", "Scrape a web page.|Extract links, images or tables from a page.|Pull structured content out of a website.", (
        slot("url page address", "url", "URL of the page.|Page to scrape."), choice("what target element", "links|images|tables|headings", "What to extract.|Kind of content.")),
        """scrape all {what} from {url}|extract {what} from {url}|{url} {what}|which {what} are on {url}?|get me the {what} on the page {url}|from {url}, pull out the {what}|I need every one of the {what} at {url}, can you scrape them|scrape {url} for {what}|collect the {what} of {url} please|go through {url} and give me the {what}|{what}, page {url}|the {what} on {url} would save me hours, extract them""",
        "{int 1 240} {arg what}"),
    family("generate_image create_image text_to_image", "Generate an image from a prompt.|Create a picture of something in a given size.|Make an image with width and height in pixels.", (
        slot("prompt description subject", "topic", "What the image shows.|Description of the picture."), slot("width width_px w", "pixels", "Width in pixels.|Image width.", "integer"), slot("height height_px h", "pixels", "Height in pixels.|Image height.", "integer")),
        """generate an image of {prompt}, {width}x{height}|image: {prompt}, {width} by {height}|{width} x {height} picture of {prompt}|create a picture about {prompt}, {width} pixels wide and {height} high|I need a header image for my post on {prompt}, width {width}, height {height}|draw {prompt} at {width}x{height}|can you make me an image with {prompt}? {width} by {height} pixels|{prompt}, as an image, width {width} and height {height}|a new {width}x{height} image showing {prompt} please|height {height}, width {width}, generate {prompt}|the slide is {width} by {height}, fill it with a picture of {prompt}|text to image {prompt} {width} {height}""",
        "image_{int 100 9999}.png"),
    family("transcribe_audio speech_to_text get_transcript", "Transcribe an audio recording.|Turn speech in an audio or video file into text.|Get the transcript of a recording.", (
        slot("url source audio_url", "url", "URL of the recording.|Where the audio is."), slot("language spoken_language lang", "language", "Language that is spoken.|Language of the audio.", optional=True)),
        """transcribe {url}|transcript of {url} please|turn the recording at {url} into text|{url} is in {language}, transcribe it|speech to text {url} {language}|what do they say in {url}? get me a transcript|I missed the call, transcribe the recording {url}|can you write down what's said in the audio {url}, spoken in {language}|{language} audio at {url}, I need the text|please make a transcript from this {language} podcast: {url}|{url}: transcript|I don't want to listen to all of {url}, transcribe it""",
        "{int 80 9000} words, {int 1 90} min"),
    family("count_tokens token_count estimate_tokens", "Count the tokens of a text.|Return how many tokens a text has.|Estimate the token count of a prompt.", (
        slot("text prompt content", "text", "Text to count.|The prompt."),),
        """how many tokens is "{text}"?|count tokens: {text}|token count of "{text}"|tokens in "{text}"|"{text}" - how many tokens?|count the tokens of this prompt: {text}|does "{text}" use many tokens|I pay per token, what is the count for "{text}"|tell me the number of tokens in: {text}|estimate tokens for "{text}" please|{text} (token count)|if I send "{text}" to the model, how many tokens is that""",
        "{int 3 24}"),
)  # fmt: skip

SOFTWARE = (*CODE, *RUNNING, *DATA, *WATCHING, *PEOPLE_AND_PAGES)
