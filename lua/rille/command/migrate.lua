--- `rille migrate ...`: a thin layer over rille.migrate that asks its questions on a terminal.
local rille = require "rille"
local tools = rille.tools
local command = require "rille.command"
local faults = require "rille.command.faults"
local files = require "rille.command.files"
local output = require "rille.command.output"

local function count(n, word) return ("%d %s%s"):format(n, word, n == 1 and "" or "s") end

local function step(name) return rille.migrate[name] end

local function options_of(call, more)
  more.migrations = call.args.migrations
  return call:options(more)
end

-- Asks the questions of `dev` on the terminal.
local function asker(out)
  local ask = {}
  function ask.reset(question)
    out:warn "The database and the migrations do not match:"
    for _, reason in ipairs(question.reasons or {}) do out:line("  - %s", reason) end
    out:line "It must be reset: every table is dropped, every migration applied again. All rows are lost."
    return out:ask "Type `yes` to reset the database:" == "yes"
  end
  function ask.data_loss(question)
    out:warn "This migration loses data:"
    for _, warning in ipairs(question.warnings or {}) do out:line("  - %s", warning) end
    return out:confirm "Continue?"
  end
  function ask.rename(question)
    local where = question.table and (" of `%s`"):format(question.table) or ""
    return out:confirm(("Was the %s `%s`%s renamed to `%s`? (No: it is dropped and created again, its data is lost.)"):format(question.what or "column",
      tostring(question.from), where, tostring(question.to)))
  end
  function ask.name()
    local name = out:ask "Name of the migration:"
    return name ~= "" and name or nil
  end
  return function(question)
    local f = ask[question.kind]
    if not f then return nil end
    return f(question)
  end
end

local function show_notes(out, result)
  for _, text in ipairs(result.warnings or {}) do out:warn("%s", text) end
  for _, text in ipairs(result.irreversible or {}) do out:warn("cannot be undone by down: %s", text) end
end

local function run_dev(call)
  local args, out = call.args, call.out
  local result = step "dev"(options_of(call, {
    name = args.name, create_only = args.create_only or nil, accept_data_loss = args.accept_data_loss or nil, data = args.data or nil,
    down = not args.no_down, shadow_url = args.shadow_url, ask = out:can_ask() and asker(out) or nil,
  }))
  show_notes(out, result)
  for _, name in ipairs(result.applied) do out:done("applied %s", name) end
  if result.created and result.applied[#result.applied] ~= result.created then out:done("written, not applied: %s", result.created) end
  if #result.applied == 0 and not result.created then out:done "The database is as the schema says; there is nothing to do." end
  return {
    applied = output.list(result.applied), created = result.created, warnings = output.list(result.warnings),
    irreversible = output.list(result.irreversible), up_to_date = result.up_to_date or false,
  }
end

local function run_deploy(call)
  local out = call.out
  local result = step "deploy"(options_of(call, { lock_wait = call.args.lock_wait }))
  for _, name in ipairs(result.applied) do out:done("applied %s", name) end
  local folder = tools.migrations_folder { schema = call.args.schema, migrations = call.args.migrations }
  if not files.exists(folder) then out:warn("There is no folder %s, so there was nothing to apply.", folder)
  elseif #result.applied == 0 then out:done("No pending migrations; %s applied before.", count(result.already or 0, "migration")) end
  return { applied = output.list(result.applied), already = result.already }
end

local SHOWN = {
  applied = { "green", "applied" }, pending = { "yellow", "pending" }, failed = { "red", "failed" }, rolled_back = { "dim", "rolled back" },
  edited = { "yellow", "edited after it was applied" }, missing = { "red", "applied, but not in the folder" },
}

local function run_status(call)
  local out = call.out
  local result = step "status"(options_of(call, {}))
  for _, m in ipairs(result.migrations) do
    local shown = SHOWN[m.state] or { "dim", tostring(m.state) }
    out:line("%s  %s", m.name, out:paint(shown[1], shown[2]))
  end
  if #result.migrations > 0 then out:line() end
  for _, problem in ipairs(result.problems or {}) do
    problem.message, problem.advice = faults.in_flags(problem.message), problem.advice and faults.in_flags(problem.advice)
    out:fail("%s%s", problem.code:find "^P" and problem.code .. ": " or "", problem.message)
    if problem.advice then out:line("  %s", out:paint("dim", problem.advice)) end
  end
  local good = result.ok ~= false and result.up_to_date ~= false
  if good then
    if #result.migrations == 0 then out:done "No migrations yet." else out:done "The database is up to date." end
  elseif #(result.problems or {}) == 0 then
    out:line "Apply what is pending with `rille migrate deploy` (or `rille migrate dev` while developing)."
  end
  result.migrations, result.problems = output.list(result.migrations), output.list(result.problems)
  result.ok = good
  return result, good and 0 or 1
end

local function run_reset(call)
  local args, out = call.args, call.out
  call:check_schema()
  out:require_consent(args.force, ("reset drops every table of %s and applies all migrations again"):format(tools.url_shown(call:url())), "--force")
  local result = step "reset"(options_of(call, {}))
  out:done "The database was reset."
  for _, name in ipairs(result.applied) do out:done("applied %s", name) end
  if args.seed then require("rille.command.seed").run(call) end
  return { applied = output.list(result.applied) }
end

local function run_resolve(call)
  local args, out = call.args, call.out
  step "resolve"(options_of(call, { applied = args.applied, rolled_back = args.rolled_back }))
  out:done("%s is now recorded as %s.", args.applied or args.rolled_back, args.applied and "applied" or "rolled back")
  return { ok = true, applied = args.applied, rolled_back = args.rolled_back }
end

local function run_down(call)
  local args, out = call.args, call.out
  if args.to and args.steps then command.usage "--to and --steps exclude each other" end
  local what = args.to and ("down to %s"):format(args.to) or ("down by %s"):format(count(args.steps or 1, "migration"))
  out:require_consent(args.force, ("%s on %s runs their down.sql, which may drop tables and columns"):format(what, tools.url_shown(call:url())), "--force")
  local result = step "down"(options_of(call, { steps = not args.to and (args.steps or 1) or nil, to = args.to }))
  for _, name in ipairs(result.reverted) do out:done("reverted %s", name) end
  if #result.reverted == 0 then out:done "Nothing was to be reverted." end
  return { reverted = output.list(result.reverted) }
end

-- One side of a diff from its flags; exactly one is required.
local function side(call, prefix)
  local args = call.args
  local found, names = {}, {}
  local function add(name, source)
    found[#found + 1], names[#names + 1] = source, "--" .. prefix .. "-" .. name
  end
  if args[prefix .. "_empty"] then add("empty", { empty = true }) end
  if args[prefix .. "_schema"] then add("schema", { schema = args[prefix .. "_schema"] }) end
  if args[prefix .. "_url"] then add("url", { url = args[prefix .. "_url"] }) end
  if args[prefix .. "_migrations"] then add("migrations", { migrations = args[prefix .. "_migrations"], shadow_url = args.shadow_url }) end
  if args[prefix .. "_database"] then add("config-datasource", { url = call:url() }) end
  if #found == 1 then return found[1] end
  if #found > 1 then command.usage(("%s exclude each other"):format(table.concat(names, " and "))) end
  return command.usage((("expected one of --%-empty, --%-schema, --%-url, --%-migrations and --%-database"):gsub("%%", prefix)))
end

local MARKS = { { "^add", "+" }, { "^create", "+" }, { "^drop", "-" }, { "^remove", "-" } }

local function mark_of(kind)
  for _, pair in ipairs(MARKS) do
    if kind:find(pair[1]) then return pair[2] end
  end
  return "~"
end

local ON_INDEX = { create_index = true, drop_index = true, rename_index = true }

local COLOURS = { ["+"] = "green", ["-"] = "red", ["~"] = "yellow" }

local function show_line(out, indent, kind, text)
  local mark = mark_of(kind)
  out:line("%s%s %s", indent, out:paint(COLOURS[mark], mark), text)
end

-- The steps of one table, such as those that build it anew, are one; what they change stands below.
local function show_steps(out, steps)
  local before
  for i, s in ipairs(steps) do
    local kind, subject = s.kind:gsub("_", " "), s.subject or ""
    local goes_on = before and before.kind == s.kind and before.subject == s.subject and (s.kind == "redefine_table" or s.kind == "alter_table")
    if not goes_on then show_line(out, "", s.kind, subject ~= "" and kind .. " " .. subject or kind) end
    for _, change in ipairs(steps.facts.changes[i]) do
      if ON_INDEX[s.kind] then out:line("    %s", change.text) else show_line(out, "    ", change.kind, change.text) end
    end
    before = s
  end
  for _, text in ipairs(steps.warnings or {}) do out:warn("%s", text) end
  if #steps == 0 then out:done "No difference." end
end

-- Where neither side tells the kind of database, or where to replay migrations, that of this project does.
local function compare(call, options)
  local steps, e = rille.try(step "diff", options)
  if not e then return steps end
  local known, url = pcall(call.url, call)
  if (e.code ~= "P1012" and e.code ~= "VALIDATION") or e.diagnostics or not known then error(e, 0) end
  options.url = url
  return step "diff"(options)
end

local function run_diff(call)
  local args, out = call.args, call.out
  if args.output then args.script = true end
  local options = { from = side(call, "from"), to = side(call, "to") }
  local steps = compare(call, options)
  options.script = true
  local script = #steps > 0 and (args.script or out.json) and step "diff"(options) or ""
  if args.script then
    out:data_on_stdout()
    for _, text in ipairs(steps.warnings or {}) do out:warn("%s", text) end
    if args.output then
      files.write(args.output, script)
      out:done("%s", args.output)
    else
      out:data(script)
    end
  else
    show_steps(out, steps)
  end
  local list = {}
  for i, s in ipairs(steps) do list[i] = { kind = s.kind, subject = s.subject, sql = s.sql, changes = s.changes } end
  local empty = #steps == 0
  return { empty = empty, steps = output.list(list), warnings = output.list(steps.warnings), script = script }, args.exit_code and not empty and 2 or 0
end

local function folder_option(p)
  p:option "--migrations":argname "<folder>":description "The folder of migrations; else `migrations` beside the schema."
end

local function shadow_option(p)
  p:option "--shadow-url":hidden_name "--shadow-database-url":target "shadow_url":argname "<url>"
    :description "Database to replay migrations in; else one is made and dropped, in memory where a database can be."
end

local function diff_side(p, prefix, words)
  p:flag("--" .. prefix .. "-empty"):target(prefix .. "_empty"):description(words .. " an empty database.")
  p:option("--" .. prefix .. "-schema"):hidden_name("--" .. prefix .. "-schema-datamodel"):target(prefix .. "_schema"):argname "<path>"
    :description(words .. " a schema.")
  p:option("--" .. prefix .. "-url"):target(prefix .. "_url"):argname "<url>":description(words .. " a live database.")
  p:option("--" .. prefix .. "-migrations"):target(prefix .. "_migrations"):argname "<folder>":description(words .. " the end of a folder of migrations.")
  p:flag("--" .. prefix .. "-database"):hidden_name("--" .. prefix .. "-config-datasource"):target(prefix .. "_database")
    :description(words .. " the database of --url or DATABASE_URL.")
end

local function integer(text)
  local n = tonumber(text)
  if not n or n < 0 or n % 1 ~= 0 then return nil, ("expected an integer, got `%s`"):format(text) end
  return math.floor(n)
end

local function positive(text)
  local n = integer(text)
  if not n or n == 0 then return nil, ("expected an integer from 1, got `%s`"):format(text) end
  return n
end

return {
  {
    name = "migrate",
    summary = "Migrations: dev, deploy, status, reset, resolve, diff, down.",
    description = "Migrations are folders of SQL, with the same names, files, checksums and history table as Prisma's: either tool may run first.",
    examples = { { "rille migrate dev --name add_tags" }, { "rille migrate status" }, { "rille migrate deploy" } },
    commands = {
      {
        name = "dev",
        summary = "Make a migration of what changed in the schema, and apply it.",
        description = "Applies what is pending, compares the migrations with the schema, writes the difference as a new migration and applies it. For "
          .. "development: it may ask to reset the database, and asks whether a column was renamed.",
        examples = {
          { "rille migrate dev --name add_tags" },
          { "rille migrate dev --name split_names --create-only", "Write it, to edit it before it is applied." },
          { "rille migrate dev --name fill_slugs --data", "With a migration.lua next to the SQL, for changing rows." },
        },
        define = function(p)
          p:option "--name":hidden_name "-n":argname "<name>":description "(-n) The name of the migration, such as add_tags."
          p:flag "--create-only":target "create_only":description "Write the migration without applying it."
          p:flag "--accept-data-loss":target "accept_data_loss":description "Do not ask when rows or values would be lost."
          p:flag "--data":description "Also write a migration.lua to fill in."
          p:flag "--no-down":target "no_down":description "Write no down.sql."
          folder_option(p)
          shadow_option(p)
        end,
        run = run_dev,
      },
      {
        name = "deploy",
        summary = "Apply pending migrations; for production.",
        description = "Applies pending migrations and nothing else: it does not ask, create or reset anything. If several run at once, one works and the "
          .. "others wait.",
        examples = { { "rille migrate deploy" }, { "rille migrate deploy --json" } },
        define = function(p)
          p:option "--lock-wait":target "lock_wait":argname "<ms>":convert(integer):description "How long to wait for another run: 10000."
          folder_option(p)
        end,
        run = run_deploy,
      },
      {
        name = "status",
        summary = "What is applied, pending, failed, edited or missing.",
        exit_codes = "0 up to date; 1 something is pending, failed, edited or missing, or an error; 2 wrong usage.",
        examples = { { "rille migrate status" }, { "rille migrate status --json", "For CI." } },
        define = folder_option,
        run = run_status,
      },
      {
        name = "reset",
        summary = "Drop everything and apply all migrations again.",
        description = "Drops every table with its rows and applies all migrations again. Asks on a terminal; elsewhere --force is required.",
        examples = { { "rille migrate reset" }, { "rille migrate reset --force --seed" } },
        define = function(p)
          p:flag "-f --force":description "Do not ask."
          p:flag "--seed":description "Run the seed script afterwards."
          folder_option(p)
        end,
        run = run_reset,
      },
      {
        name = "resolve",
        summary = "Record a migration as applied or as rolled back.",
        description = "Use it after a migration failed and you corrected the database by hand, or if a database already has a migration (a baseline).",
        examples = { { "rille migrate resolve --applied 20261122120000_init" }, { "rille migrate resolve --rolled-back 20261122120000_init" } },
        define = function(p)
          local applied = p:option "--applied":argname "<name>":description "It is done; do not run it."
          local back = p:option "--rolled-back":target "rolled_back":argname "<name>":description "It is undone; the next deploy runs it again."
          p:mutex(applied, back)
          folder_option(p)
        end,
        run = function(call)
          if not call.args.applied and not call.args.rolled_back then command.usage "expected --applied NAME or --rolled-back NAME" end
          return run_resolve(call)
        end,
      },
      {
        name = "diff",
        summary = "What differs between two schemas, databases or migration folders.",
        description = "Compares two sides and shows the steps that make the first like the second, as SQL with --script. Changes nothing.",
        exit_codes = "0 done; 1 error; 2 wrong usage. With --exit-code: 0 no difference, 1 error, 2 there are differences.",
        examples = {
          { "rille migrate diff --from-database --to-schema schema.prisma", "What the database lacks." },
          { "rille migrate diff --from-empty --to-schema schema.prisma --script", "All tables as SQL." },
          { "rille migrate diff --from-migrations migrations --to-schema schema.prisma --exit-code", "For CI: is a migration missing?" },
        },
        define = function(p)
          diff_side(p, "from", "From")
          diff_side(p, "to", "To")
          p:flag "--script":description "SQL on standard output."
          p:option "--output":hidden_name "-o":argname "<file>":description "(-o) Write the SQL to a file."
          p:flag "--exit-code":target "exit_code":description "2 if there are differences."
          shadow_option(p)
        end,
        run = run_diff,
      },
      {
        name = "down",
        summary = "Undo the last migrations with their down.sql.",
        description = "Runs the down.sql of the last migrations, newest first. Asks on a terminal; elsewhere --force is required.",
        examples = { { "rille migrate down" }, { "rille migrate down --steps 2" }, { "rille migrate down --to 20261122120000_init --force" } },
        define = function(p)
          p:option "--steps":argname "<n>":convert(positive):description "How many: 1."
          p:option "--to":argname "<name>":description "The migration to keep as the last one."
          p:flag "-f --force":description "Do not ask."
          folder_option(p)
        end,
        run = run_down,
      },
    },
  },
}
