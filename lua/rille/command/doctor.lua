--- `rille doctor`: checks for everything that goes wrong between a project and its database.
local rille = require "rille"
local tools = rille.tools
local config, errors = tools.config, tools.errors
local database = require "rille.command.database"
local files = require "rille.command.files"
local output = require "rille.command.output"
local querylog = require "rille.command.querylog"

local PINGS = 20

-- The findings: { check, status = "ok"|"warning"|"error", message, advice, details }.
local Report = {}
Report.__index = Report

function Report:add(check, status, message, more)
  local item = { check = check, status = status, message = message }
  for key, value in pairs(more or {}) do item[key] = value end
  self[#self + 1] = item
end

local function show(out, item)
  local say = item.status == "ok" and out.done or item.status == "warning" and out.warn or out.fail
  say(out, "%s: %s", item.check, item.message)
  for _, line in ipairs(item.lines or {}) do out:line("    %s", line) end
  if item.advice then out:line("    %s", out:paint("dim", item.advice)) end
end

-- A check that fails is a finding; the others continue.
local function guarded(report, check, f, ...)
  local ok, e = pcall(f, report, ...)
  if ok then return true end
  if not errors.is_error(e) then error(e, 0) end
  local more = e.diagnostics and #e.diagnostics > 1
  report:add(check, "error", e.message, { code = e.code, advice = more and "rille validate shows every error" or nil })
  return false
end

local function check_schema(report, call)
  local path = call:schema_path()
  tools.schema { path = path, url = call.args.url }
  report:add("schema", "ok", path .. " is valid")
end

local function seconds() return tools.monotonic() end

local function check_connection(report, db, url, provider)
  local on = database.of(provider)
  on.check(url)
  local version = db:query_raw(on.version)[1].v
  local before = seconds()
  for _ = 1, PINGS do db:query_raw "SELECT 1 AS one" end
  local latency = math.max(0, (seconds() - before) * 1000 / PINGS)
  local shown = latency < 0.1 and "less than 0.1" or ("%.1f"):format(latency)
  report:add("connection", "ok", ("%s %s, %s ms a round trip"):format(provider.title, version, shown),
    { server = version, latency_ms = latency })
end

local function check_url(report, db, url, provider)
  local list = database.of(provider).advice(db, url)
  if #list == 0 then report:add("url", "ok", "nothing to say about the URL")
  else
    for _, text in ipairs(list) do report:add("url", "warning", text) end
  end
end

local function check_migrations(report, call)
  local status = rille.migrate.status
  local folder = tools.migrations_folder { schema = call.args.schema, migrations = call.args.migrations }
  if not status or not files.exists(folder) then return report:add("migrations", "ok", ("none: there is no folder %s"):format(folder)) end
  local found = status(call:options { migrations = call.args.migrations })
  local counts = {}
  for _, m in ipairs(found.migrations) do counts[m.state] = (counts[m.state] or 0) + 1 end
  local words = {}
  for _, state in ipairs { "failed", "missing", "edited", "pending" } do
    if counts[state] then words[#words + 1] = ("%d %s"):format(counts[state], state) end
  end
  if #words == 0 then return report:add("migrations", "ok", ("%d applied, none pending"):format(counts.applied or 0)) end
  report:add("migrations", counts.failed and "error" or "warning", table.concat(words, ", "), { advice = "run rille migrate status for details" })
end

local function check_drift(report, call, url)
  local steps = rille.migrate.diff { from = { url = url }, to = { schema = call:schema_path() } }
  if #steps == 0 then return report:add("drift", "ok", "the database is as the schema says") end
  local lines, seen = {}, {}
  for _, s in ipairs(steps) do
    local line = tostring(s.kind):gsub("_", " ") .. (s.subject and " " .. s.subject or "")
    if not seen[line] then lines[#lines + 1] = line end
    seen[line] = true
  end
  local count = #lines
  if count > 10 then lines = { (table.unpack or unpack)(lines, 1, 10) } lines[11] = ("and %d more"):format(count - 10) end
  report:add("drift", "warning", ("the database differs from the schema in %d place%s"):format(count, count == 1 and "" or "s"),
    { lines = lines, advice = "rille migrate diff --from-database --to-schema " .. call:schema_path() .. " --script" })
end

-- The attribute to write for an index, with the names of the schema.
local function index_of(models, table_name, schema, columns, form)
  for _, m in ipairs(models) do
    if m.table == table_name and (not m.schema or not schema or m.schema == schema) then
      local names = {}
      for i, column in ipairs(columns) do names[i] = column end
      for _, f in ipairs(m.fields) do
        for i, column in ipairs(columns) do
          if f.column == column then names[i] = f.name end
        end
      end
      return ("in model %s: " .. (form or "@@index([%s])")):format(m.name, table.concat(names, ", "))
    end
  end
  return "the schema has no model of this table"
end

local function check_relations(report, db, provider, models)
  local schemas = {}
  for _, m in ipairs(models) do
    if m.schema then schemas[m.schema] = true end
  end
  local missing = database.of(provider).unindexed_keys(db, schemas)
  if #missing == 0 then return report:add("indexes", "ok", "every foreign key has an index") end
  for _, m in ipairs(missing) do
    report:add("indexes", "warning", ("no index on %s (%s), a foreign key"):format(m.table, table.concat(m.columns, ", ")),
      { table = m.table, columns = m.columns, advice = index_of(models, m.table, m.schema, m.columns) })
  end
end

local TRIGRAMS = "@@index([%s(ops: raw(\"gin_trgm_ops\"))], type: Gin), of the extension pg_trgm; others do not serve LIKE"

local function check_log(report, call, db, provider, models)
  local events, skipped = querylog.parse(files.must_read(call.args.log, "--log"))
  local before = #report
  for _, found in ipairs(querylog.n_plus_one(events)) do
    local name = found.model and found.action and (" (%s.%s)"):format(found.model, found.action) or ""
    report:add("n+1", "warning", found.message or ("%d times in a row%s: %s"):format(found.times, name, found.sql), {
      sql = found.sql, times = found.times, site = found.site, model = found.model, action = found.action,
      advice = not found.message and "read them at once: `include`, or `where` with a list of keys" or nil,
    })
  end
  local unindexed, unexplained = querylog.unindexed(db, provider, events)
  for _, found in ipairs(unindexed) do
    local columns = table.concat(found.columns, ", ")
    report:add("log", "warning", ("%s is read whole to find rows by %s (%d time%s)"):format(found.table, columns, found.times,
      found.times == 1 and "" or "s"),
      { table = found.table, columns = found.columns, times = found.times, sql = found.sql, lines = { found.sql },
        advice = index_of(models, found.table, nil, found.columns, found.pattern and TRIGRAMS or nil) })
  end
  local notes = ("%d statements%s%s"):format(#events, skipped > 0 and (", %d lines skipped"):format(skipped) or "",
    unexplained > 0 and (", %d not explained"):format(unexplained) or "")
  if #report == before then report:add("log", "ok", notes .. ": indexes serve them, none is repeated") end
end

local function examine(report, call, db, url)
  local provider = database.provider_of(url)
  if not guarded(report, "connection", check_connection, db, url, provider) then return end
  guarded(report, "url", check_url, db, url, provider)
  guarded(report, "migrations", check_migrations, call)
  guarded(report, "drift", check_drift, call, url)
  local models = tools.schema_models(tools.schema { path = call:schema_path(), url = url }).models
  guarded(report, "indexes", check_relations, db, provider, models)
  if call.args.log then guarded(report, "log", check_log, call, db, provider, models) end
end

local function run(call)
  local report = setmetatable({}, Report)
  local out = call.out
  if call.args.log then files.must_read(call.args.log, "--log") end
  if guarded(report, "schema", check_schema, call) then
    local url
    guarded(report, "url", function()
      local _, found = config.resolve(call:options(), true)
      url = found
    end)
    if url then
      local db = call:connect()
      local ok, e = pcall(examine, report, call, db, url)
      db:close()
      if not ok then error(e, 0) end
    end
  end
  local wrong, warnings = 0, 0
  for _, item in ipairs(report) do
    show(out, item)
    if item.status == "error" then wrong = wrong + 1 elseif item.status == "warning" then warnings = warnings + 1 end
  end
  out:line()
  out:line(wrong + warnings == 0 and "All is well." or "%d error%s, %d warning%s", wrong, wrong == 1 and "" or "s", warnings, warnings == 1 and "" or "s")
  return { ok = wrong == 0, errors = wrong, warnings = warnings, findings = output.list(report) }, wrong == 0 and 0 or 1
end

return {
  {
    name = "doctor",
    summary = "Look for problems: connection, migrations, drift, indexes, N+1.",
    description = "Checks the schema, the connection and its URL, pending and failed migrations, what differs between schema and database, and foreign keys "
      .. "without an index. With a log of queries, also statements that no index serves and loops that run a statement for each row (N+1). "
      .. "The log has lines of JSON: the events that db:on(\"query\", f) passes to f.",
    exit_codes = "0 no errors (there may be warnings); 1 there are errors; 2 wrong usage.",
    examples = { { "rille doctor" }, { "rille doctor --log queries.jsonl" }, { "rille doctor --json", "For CI." } },
    define = function(p)
      p:option "--log":argname "<file>":description "A log of queries: lines of JSON."
      p:option "--migrations":argname "<folder>":description "The folder of migrations; by default `migrations` next to the schema."
    end,
    run = run,
  },
}
