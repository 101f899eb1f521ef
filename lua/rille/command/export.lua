--- `rille db export`: the rows of a model as CSV or JSON lines, in constant memory.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local command = require "rille.command"
local files = require "rille.command.files"
local output = require "rille.command.output"

local export = {}

local BATCH = 1000
local BY_ENDING = { csv = "csv", jsonl = "jsonl", ndjson = "jsonl", json = "jsonl" }

--- Returns the format of a file: that of --format, or by the ending of its name.
function export.format_of(args)
  if args.format then return args.format end
  local ending = args.file and args.file:match "%.(%w+)$"
  local format = ending and BY_ENDING[ending:lower()]
  if not format and args.file then command.usage(("--format csv or --format jsonl is needed: the name `%s` has no ending that says it"):format(args.file)) end
  return format or "csv"
end

--- Returns the fields of a model that have a column, in the order of the schema.
function export.fields_of(facts)
  local fields = {}
  for _, field in ipairs(facts.fields) do
    if not field.ignored and (field.kind == "scalar" or field.kind == "enum") then fields[#fields + 1] = field end
  end
  return fields
end

local function key_order(facts)
  for _, key in ipairs(facts.keys) do
    if key.kind == "primary" then
      local order = {}
      for i, name in ipairs(key.fields) do order[i] = { [name] = "asc" } end
      return order
    end
  end
end

local NOT_FINITE = { [math.huge] = "inf", [-math.huge] = "-inf" }

-- Writes every field: NULL is null, and a Json field without a key is NULL.
local function json_line(row, fields, model)
  for _, field in ipairs(fields) do
    local value = row[field.name]
    if value == nil and not (field.type == "Json" and not field.list) then row[field.name] = rille.null end
    if type(value) == "number" and (value ~= value or NOT_FINITE[value]) then row[field.name] = NOT_FINITE[value] or "nan" end
  end
  return rille.json.encode(row, { model = model }) .. "\n"
end

local function row_writer(format, write, model, fields)
  if format == "jsonl" then
    return function(row) write(json_line(row, fields, model)) end
  end
  local names = {}
  for i, field in ipairs(fields) do names[i] = field.name end
  local put = rille.csv.writer(write, { model = model, columns = names })
  return put, function() write(rille.csv.encode({}, { columns = names })) end -- a header, if there are no rows
end

local function rows_of(model, fields, facts)
  local select = {}
  for _, field in ipairs(fields) do select[field.name] = true end
  return model:each { select = select, order_by = key_order(facts), batch = BATCH }
end

-- Writes to a new file, which gets its name when it is complete.
local function open_file(path, force)
  if files.exists(path) and not force then errors.raise("VALIDATION", "`%s` already exists; --force overwrites it", path) end
  files.make_room(path)
  local part = path .. ".part"
  local file, why = io.open(part, "wb")
  local function must(ok, reason)
    if ok then return end
    if file then file:close() end
    os.remove(part)
    errors.raise("VALIDATION", "`%s` cannot be written: %s", path, tostring(reason))
  end
  must(file, why)
  return {
    write = function(text) must(file:write(text)) end,
    finish = function()
      must(file:close())
      must(os.rename(part, path))
    end,
    abandon = function()
      file:close()
      os.remove(part)
    end,
  }
end

local function write_all(db, args, target)
  local model = db[args.model]
  local facts = tools.model_facts(model)
  local fields = export.fields_of(facts)
  local put, put_header = row_writer(export.format_of(args), target.write, model, fields)
  local total = output.is_terminal(2) and args.file and model:count() or nil
  local report, done = rille.progress(facts.name, total, total ~= nil), 0
  for row in rows_of(model, fields, facts) do
    put(row)
    done = done + 1
    if done % BATCH == 0 then report(done) end
  end
  report(done)
  if done == 0 and put_header then put_header() end
  return done, facts.name
end

--- Runs the command.
function export.run(call)
  local args, out = call.args, call.out
  if not args.file then
    if out.json then command.usage "with --json, expected a file" end
    out:data_on_stdout()
  end
  export.format_of(args)
  call:check_schema()
  local db = call:connect()
  local target = args.file and open_file(args.file, args.force) or { write = output.write, finish = function() end, abandon = function() end }
  local ok, done, name = pcall(write_all, db, args, target)
  db:close()
  if not ok then
    target.abandon()
    error(done, 0)
  end
  target.finish()
  out:done("%d row%s of %s %s written%s", done, done == 1 and "" or "s", name, done == 1 and "was" or "were", args.file and " to " .. args.file or "")
  return { file = args.file, model = name, rows = done }
end

return export
