--- `rille db ...`: the database without migrations, and what is in it.
local Call = require "rille.command.call"
local command = require "rille.command"
local core = require "rille.core"
local errors = require "rille.errors"
local files = require "rille.command.files"

local function rille() return require "rille" end

local function push(call, accept)
  return rille().try(rille().push, call:options { accept_data_loss = accept or nil, reset = call.args.force_reset or nil })
end

local function run_push(call)
  local args, out = call.args, call.out
  if args.force_reset then
    call:check_schema()
    out:require_consent(args.force, ("push --force-reset drops every table of %s"):format(core.url_shown(call:url())), "--force")
  end
  local _, e = push(call, args.accept_data_loss)
  local warnings = e and e.code == "P3001" and e.meta.warnings
  if warnings and out:can_ask() then
    out:warn "Rows or values would be lost:"
    for _, text in ipairs(warnings) do out:line("  - %s", text) end
    if not out:confirm "Go on?" then errors.raise("P3001", "stopped: nothing was changed") end
    _, e = push(call, true)
  end
  if e then error(e, 0) end
  out:done("The database is as %s says.", call:schema_path())
  return { ok = true }
end

-- What no database knows: the blocks of a schema that are not about tables.
local function settings_of(path)
  local blocks = {}
  for _, file in ipairs(path and Call.schema_files(path) or {}) do
    for block in ("\n" .. file.text):gmatch "\n(datasource%s+[%w_]+%s*%b{})" do blocks[#blocks + 1] = block end
    for block in ("\n" .. file.text):gmatch "\n(generator%s+[%w_]+%s*%b{})" do blocks[#blocks + 1] = block end
  end
  return #blocks > 0 and table.concat(blocks, "\n\n") .. "\n" or nil
end

local function run_pull(call)
  local args, out = call.args, call.out
  local path = call:find_schema()
  local single = path == nil or files.read(path) ~= nil
  if args.print then out:data_on_stdout() end
  local known = path and not args.force and path or nil
  local schemas
  for name in (args.schemas or ""):gmatch "[^,%s]+" do
    schemas = schemas or {}
    schemas[#schemas + 1] = name
  end
  local text = rille().pull { url = call:url(), schema = known, schema_text = args.force and settings_of(path) or nil, schemas = schemas }
  local target = path or "schema.prisma"
  if args.print then
    out:data(text)
    return { schema = text }
  end
  if not single then
    errors.raise("VALIDATION", "the schema is a folder (%s), and which file a new model belongs into is not known; see it with --print", path)
  end
  local changed = files.read(target) ~= text
  if changed then files.write(target, text) end
  out:done(changed and "%s was written" or "%s is as the database; nothing changed", target)
  if changed then
    for _, file in ipairs(call:refresh()) do out:done("%s was written", file) end
  end
  return { schema = text, file = target, changed = changed }
end

local function run_execute(call)
  local args, out = call.args, call.out
  local source
  if args.file and args.stdin then command.usage "--file and --stdin exclude each other" end
  if args.file then
    source = files.must_read(args.file, "--file")
  elseif args.stdin then
    source = io.read "*a" or ""
  else
    command.usage "--file FILE or --stdin is wanted"
  end
  local db = call:connect()
  local ok, e = pcall(db.execute_script, db, source)
  db:close()
  if not ok then error(e, 0) end
  out:done "The script has run."
  return { ok = true }
end

local function run_backup(call)
  local args, out = call.args, call.out
  rille().backup { url = call:url(), file = args.file, overwrite = args.force or nil }
  out:done("%s was written", args.file)
  return { file = args.file }
end

-- Asked is only where something would be lost: a database that holds nothing takes a backup at once.
local function run_restore(call)
  local args, out = call.args, call.out
  local options = { url = call:url(), file = args.file, force = args.force or nil }
  local _, e = rille().try(rille().restore, options)
  if e and e.code == "P3005" then
    out:require_consent(nil, ("restore replaces what is in %s by %s"):format(core.url_shown(options.url), args.file), "--force")
    options.force = true
    _, e = rille().try(rille().restore, options)
  end
  if e then error(e, 0) end
  out:done("The database is as in %s.", args.file)
  return { file = args.file }
end

return {
  {
    name = "db",
    summary = "The database: push, pull, seed, execute, backup, restore.",
    examples = { { "rille db push" }, { "rille db pull --print" }, { "rille db seed" } },
    commands = {
      {
        name = "push",
        summary = "Bring the database into the form of the schema, without a migration.",
        description = "For trying things out. It says what would be lost and asks on a terminal; elsewhere --accept-data-loss is needed.",
        examples = { { "rille db push" }, { "rille db push --accept-data-loss" }, { "rille db push --force-reset --force", "Drop everything first." } },
        define = function(p)
          p:flag "--accept-data-loss":target "accept_data_loss":description "Do not ask when rows or values would be lost."
          p:flag "--force-reset":target "force_reset":description "Drop every table first; asks, unless --force is given."
          p:flag "-f --force":hidden_name "--yes":description "Do not ask before --force-reset."
        end,
        run = run_push,
      },
      {
        name = "pull",
        summary = "Write the schema of a live database.",
        description = "Reads the database and writes the schema. Names, comments and order that people wrote are kept, unless --force is given.",
        examples = { { "rille db pull" }, { "rille db pull --print >seen.prisma", "The schema on the standard output, no file is touched." } },
        define = function(p)
          p:flag "--print":description "Show the schema instead of writing it."
          p:flag "--force":description "Do not look at the schema that is there."
          p:option "--schemas":argname "<names>":description "PostgreSQL: the schemas of the database to read, separated by commas."
        end,
        run = run_pull,
      },
      {
        name = "seed",
        usage = "[options] [-- <arguments>]",
        summary = "Run the seed script.",
        description = "Runs --script, else the seed of prisma.config.ts, else seed.lua or seed.sql beside the schema or in ./prisma. A script of Lua gets what "
          .. "follows `--` in `arg`, and its rille.connect() opens the database of --url.",
        examples = { { "rille db seed" }, { "rille db seed --script demo.lua -- --users 100" } },
        define = function(p)
          p:option "--script":argname "<file>":description "A .lua or .sql file."
          p:argument("arguments", "For the script."):args "*"
        end,
        run = function(call) return require("rille.command.seed").run(call) end,
      },
      {
        name = "execute",
        summary = "Run a script of SQL.",
        examples = { { "rille db execute --file fix.sql" }, { "echo 'VACUUM' | rille db execute --stdin" } },
        define = function(p)
          p:option "--file":argname "<file>":description "The script."
          p:flag "--stdin":description "The script comes on the standard input."
        end,
        run = run_execute,
      },
      {
        name = "backup",
        usage = "[options] <file>",
        summary = "Write the whole database into a file.",
        description = "SQLite: a consistent copy while others work. PostgreSQL: an archive of pg_dump, which must be installed.",
        examples = { { "rille db backup shop.backup" } },
        define = function(p)
          p:argument("file", "The file to write.")
          p:flag "-f --force":description "Overwrite it."
        end,
        run = run_backup,
      },
      {
        name = "restore",
        usage = "[options] <file>",
        summary = "Replace the database by what a backup holds.",
        description = "What is in the database is replaced: it asks on a terminal when there is something; elsewhere --force is needed.",
        examples = { { "rille db restore shop.backup" }, { "rille db restore shop.backup --force" } },
        define = function(p)
          p:argument("file", "A file of `rille db backup`.")
          p:flag "-f --force":description "Do not ask."
        end,
        run = run_restore,
      },
    },
  },
}
