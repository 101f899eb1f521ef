--- `rille db ...`: the database without migrations, and its contents.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local Call = require "rille.command.call"
local command = require "rille.command"
local files = require "rille.command.files"

local function push(call, accept)
  return rille.try(rille.push, call:options { accept_data_loss = accept or nil, reset = call.args.force_reset or nil })
end

local function run_push(call)
  local args, out = call.args, call.out
  if args.force_reset then
    call:check_schema()
    if out:can_ask() then -- without a terminal, the flag is the consent
      out:require_consent(args.force, ("push --force-reset drops every table in %s"):format(tools.url_shown(call:url())), "--force")
    end
  end
  local _, e = push(call, args.accept_data_loss)
  local warnings = e and e.code == "P3001" and e.meta.warnings
  if warnings and out:can_ask() then
    out:warn "Rows or values would be lost:"
    for _, text in ipairs(warnings) do out:line("  - %s", text) end
    if not out:confirm "Continue?" then errors.raise("P3001", "stopped: nothing was changed") end
    _, e = push(call, true)
  end
  if e then error(e, 0) end
  out:done("The database is as %s says.", call:schema_path())
  return { ok = true }
end

-- What no database contains: the blocks of a schema that are not about tables.
local function settings_of(path)
  local blocks = {}
  for _, file in ipairs(path and Call.schema_files(path) or {}) do
    for block in ("\n" .. file.text):gmatch "\n(datasource%s+[%w_]+%s*%b{})" do blocks[#blocks + 1] = block end
    for block in ("\n" .. file.text):gmatch "\n(generator%s+[%w_]+%s*%b{})" do blocks[#blocks + 1] = block end
  end
  return #blocks > 0 and table.concat(blocks, "\n\n") .. "\n" or nil
end

-- A file of a folder without what describes tables, for `--force`.
local function without_tables(text)
  text = "\n" .. text
  for _, keyword in ipairs { "model", "view", "enum" } do
    text = text:gsub("\n" .. keyword .. "%s+[%w_]+%s*%b{}", "\n\1")
  end
  local lines, doc = {}, {}
  for line in (text:sub(2) .. "\n"):gmatch "([^\n]*)\n" do -- the documentation of a block belongs to it
    if line:find "^///" then doc[#doc + 1] = line
    else
      if line ~= "\1" then
        for _, above in ipairs(doc) do lines[#lines + 1] = above end
        lines[#lines + 1] = line
      end
      doc = {}
    end
  end
  return table.concat(lines, "\n")
end

-- Every file that changes, with its new text; false: it is removed.
local function forced_files(path, text)
  local changed = {}
  for _, file in ipairs(Call.schema_files(path)) do
    local rest = without_tables(file.text)
    if rest ~= file.text and not file.path:find "/introspected%.prisma$" then
      changed[#changed + 1] = { file = file.path, text = rest:find "%S" and rille.format(rest) or false }
    end
  end
  local tables = ("\n" .. text):gsub("\ndatasource%s+[%w_]+%s*%b{}", "\n"):gsub("\ngenerator%s+[%w_]+%s*%b{}", "\n")
  changed[#changed + 1] = { file = path:gsub("/*$", "") .. "/introspected.prisma", text = rille.format(tables) }
  return changed
end

local function pull_folder(call, path, options)
  local out = call.out
  local changed
  if call.args.force then
    options.schema, options.schema_text = nil, settings_of(path)
    changed = forced_files(path, rille.pull(options))
  else
    options.schema, options.by_file = path, true
    changed = rille.pull(options)
  end
  local names = {}
  for i, one in ipairs(changed) do
    names[i] = one.file
    if call.args.print then out:data(one.text and ("// %s\n%s\n"):format(one.file, one.text) or ("// %s is removed\n"):format(one.file))
    elseif one.text then files.write(one.file, one.text)
    else os.remove(one.file)
    end
    if not call.args.print then out:done("%s was %s", one.file, one.text and "written" or "removed") end
  end
  if #changed == 0 then out:done("%s is as the database; nothing changed", path) end
  if #changed > 0 and not call.args.print then
    for _, file in ipairs(call:refresh()) do out:done("%s was written", file) end
  end
  return { files = require("rille.command.output").list(names), changed = #changed > 0 }
end

local function run_pull(call)
  local args, out = call.args, call.out
  local path = call:find_schema()
  if args.print then out:data_on_stdout() end
  local schemas
  for name in (args.schemas or ""):gmatch "[^,%s]+" do
    schemas = schemas or {}
    schemas[#schemas + 1] = name
  end
  local options = { url = call:url(), schemas = schemas }
  if path and files.is_folder(path) then return pull_folder(call, path, options) end
  options.schema = path and not args.force and path or nil
  options.schema_text = args.force and settings_of(path) or nil
  local text = rille.pull(options)
  local target = path or "schema.prisma"
  if args.print then
    out:data(text)
    return { schema = text }
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
    command.usage "expected --file FILE or --stdin"
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
  rille.backup { url = call:url(), file = args.file, overwrite = args.force or nil }
  out:done("%s was written", args.file)
  return { file = args.file }
end

-- Asks only if something would be lost: an empty database is restored immediately.
local function run_restore(call)
  local args, out = call.args, call.out
  local options = { url = call:url(), file = args.file, force = args.force or nil }
  local _, e = rille.try(rille.restore, options)
  if e and e.code == "P3005" then
    out:require_consent(nil, ("restore replaces the contents of %s with %s"):format(tools.url_shown(options.url), args.file), "--force")
    options.force = true
    _, e = rille.try(rille.restore, options)
  end
  if e then error(e, 0) end
  out:done("The database is as in %s.", args.file)
  return { file = args.file }
end

return {
  {
    name = "db",
    summary = "The database: push, pull, seed, execute, backup, restore, export, import.",
    examples = { { "rille db push" }, { "rille db pull --print" }, { "rille db seed" } },
    commands = {
      {
        name = "push",
        summary = "Make the database match the schema, without a migration.",
        description = "For prototyping. It says what would be lost and asks on a terminal; elsewhere --accept-data-loss is required.",
        examples = { { "rille db push" }, { "rille db push --accept-data-loss" }, { "rille db push --force-reset", "Drop everything first." } },
        define = function(p)
          p:flag "--accept-data-loss":target "accept_data_loss":description "Do not ask if rows or values would be lost."
          p:flag "--force-reset":target "force_reset":description "Drop every table first; on a terminal it asks."
          p:flag "-f --force":hidden_name "--yes":description "Do not ask before --force-reset."
        end,
        run = run_push,
      },
      {
        name = "pull",
        summary = "Write the schema of a live database.",
        description = "Reads the database and writes the schema. Keeps names, comments and order of the existing schema, unless --force is given. If the "
          .. "schema is a folder, models stay in their files, and new ones go to introspected.prisma.",
        examples = { { "rille db pull" }, { "rille db pull --print >seen.prisma", "The schema on standard output; no file is changed." } },
        define = function(p)
          p:flag "--print":description "Show the schema instead of writing it."
          p:flag "--force":description "Ignore the existing schema."
          p:option "--schemas":argname "<names>":description "The schemas of the database to read, separated by commas, where a database has schemas."
        end,
        run = run_pull,
      },
      {
        name = "seed",
        usage = "[options] [-- <arguments>]",
        summary = "Run the seed script.",
        description = "Runs --script, or the seed of prisma.config.ts, or seed.lua or seed.sql next to the schema or in ./prisma. A Lua script gets what "
          .. "follows `--` in `arg`, and its rille.connect() opens the database of --url.",
        examples = { { "rille db seed" }, { "rille db seed --script demo.lua -- --users 100" } },
        define = function(p)
          p:option "--script":argname "<file>":description "A .lua or .sql file."
          p:argument("arguments", "Arguments for the script."):args "*"
        end,
        run = function(call) return require("rille.command.seed").run(call) end,
      },
      {
        name = "execute",
        summary = "Run an SQL script.",
        examples = { { "rille db execute --file fix.sql" }, { "echo 'VACUUM' | rille db execute --stdin" } },
        define = function(p)
          p:option "--file":argname "<file>":description "The script."
          p:flag "--stdin":description "Read the script from standard input."
        end,
        run = run_execute,
      },
      {
        name = "backup",
        usage = "[options] <file>",
        summary = "Copy the whole database to a file.",
        description = "A database file: a consistent copy while others use it. A server: an archive of pg_dump, which must be installed.",
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
        summary = "Replace the database with a backup.",
        description = "Replaces the contents of the database. If it is not empty, it asks on a terminal; elsewhere --force is required.",
        examples = { { "rille db restore shop.backup" }, { "rille db restore shop.backup --force" } },
        define = function(p)
          p:argument("file", "A file written by `rille db backup`.")
          p:flag "-f --force":description "Do not ask."
        end,
        run = run_restore,
      },
      {
        name = "export",
        usage = "[options] <model> [<file>]",
        summary = "Write the rows of a model to a file.",
        description = "Writes CSV or JSON lines, in constant memory, all rows as they are at the beginning. Without a file it writes to standard output. "
          .. "`rille db import` reads it back.",
        examples = { { "rille db export user users.csv" }, { "rille db export user --format jsonl | gzip >users.jsonl.gz" } },
        define = function(p)
          p:argument("model", "The model, in any of its spellings.")
          p:argument("file", "The file to write."):args "?"
          p:option "--format":argname "<format>":choices { "csv", "jsonl" }:description "csv or jsonl; by default what the name of the file says, else csv."
          p:flag "-f --force":description "Overwrite the file."
        end,
        run = function(call) return require("rille.command.export").run(call) end,
      },
      {
        name = "import",
        usage = "[options] <model> <file>",
        summary = "Create rows of a model from a file.",
        description = "Reads CSV with a header, or JSON lines, in constant memory. Rows that the model or the database does not accept are named with their "
          .. "line, and the others are imported. An import that was killed continues where it was if the same command runs again.",
        exit_codes = "0 done; 1 rows were not imported and there is no --rejects, or an error; 2 wrong usage.",
        examples = { { "rille db import user users.csv" }, { "rille db import user users.csv --on-conflict update --rejects bad.csv" } },
        define = function(p)
          p:argument("model", "The model, in any of its spellings.")
          p:argument("file", "The file to read.")
          p:option "--format":argname "<format>":choices { "csv", "jsonl" }:description "csv or jsonl; by default what the name of the file says."
          p:option "--on-conflict":target "on_conflict":argname "<what>":choices { "update", "skip", "error" }
            :description "What happens to a row whose key already exists: it is updated, skipped, or an error (the default)."
          p:option "--rejects":argname "<file>":description "Write rows that were not imported to this file, with the reason."
          p:flag "--restart":description "Do not continue an earlier run: begin with the first row."
          p:flag "--no-resume":target "no_resume":description "Do not remember how far the import is. Needs no right to create a table."
        end,
        run = function(call) return require("rille.command.import").run(call) end,
      },
    },
  },
}
