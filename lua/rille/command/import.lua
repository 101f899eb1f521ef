--- `rille db import`: the rows of a file into a model, in constant memory. A table of the database remembers how far an import has come: it is written in
--- the transactions of the rows, so an import that was killed continues exactly where it was.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local command = require "rille.command"
local database = require "rille.command.database"
local export = require "rille.command.export"
local output = require "rille.command.output"
local source = require "rille.command.import_source"

local import = {}

local BATCH, SHOWN = 500, 20
local TRANSACTION = { timeout = 600000, max_wait = 60000, retries = 3 }
local TABLE = '"_rille_imports"'
local SAMPLES, SAMPLE = 16, 4096

-- ------------------------------------------------------------------------------------------------------------------------------------------ memory

local function create_memory(db)
  local columns = "id TEXT PRIMARY KEY, done BIGINT NOT NULL, rejected BIGINT NOT NULL, bytes BIGINT NOT NULL"
  db:execute_script(("CREATE TABLE IF NOT EXISTS %s (%s)"):format(TABLE, columns))
end

-- Which import it is: the model, what happens to existing rows, and the file, of which samples are read.
local function identity(file, facts, args)
  local size, h = file:seek "end", 5381
  for n = 0, SAMPLES do
    file:seek("set", math.floor(math.max(0, size - SAMPLE) * n / SAMPLES))
    local sample = file:read(SAMPLE) or ""
    for i = 1, #sample do h = (h * 65599 + sample:byte(i)) % 4294967291 end
  end
  file:seek "set"
  return ("%s %s %.0f %08x"):format(facts.name, args.on_conflict, size, h), size
end

local function remembered(db, id)
  local row = db:query_raw(("SELECT done, rejected, bytes FROM %s WHERE id = ?"):format(TABLE), id)[1]
  return row or { done = 0, rejected = 0, bytes = 0, is_new = true }
end

local function remember(tx, id, state)
  if state.is_new then
    tx:execute_raw(("INSERT INTO %s (id, done, rejected, bytes) VALUES (?, ?, ?, ?)"):format(TABLE), id, state.done, state.rejected, state.bytes)
  else
    tx:execute_raw(("UPDATE %s SET done = ?, rejected = ?, bytes = ? WHERE id = ?"):format(TABLE), state.done, state.rejected, state.bytes, id)
  end
end

local function forget(db, id)
  db:execute_raw(("DELETE FROM %s WHERE id = ?"):format(TABLE), id)
  if db:query_raw(("SELECT count(*) AS n FROM %s"):format(TABLE))[1].n == 0 then db:execute_script("DROP TABLE IF EXISTS " .. TABLE) end
end

-- ----------------------------------------------------------------------------------------------------------------------------------------- writing

-- The key whose fields the file has: the primary one, if possible.
local function key_for(facts, has)
  local best
  for _, key in ipairs(facts.keys) do
    local complete = key.kind ~= "index"
    for _, name in ipairs(key.fields) do complete = complete and has(name) end
    if complete and (not best or key.kind == "primary") then best = key end
  end
  return best and best.fields
end

local WRITE = {
  error = function(model, rows) model:create_many { data = rows } end,
  skip = function(model, rows) model:create_many { data = rows, skip_duplicates = true } end,
  update = function(model, rows, key) model:upsert_many { data = rows, on = key } end,
}

-- An error that is about the rows, not about the connection or the program.
local function is_about_rows(e) return errors.is_error(e) and (e.kind == "validation" or e.kind == "constraint") end

local function rows_of(records, first, last)
  local rows = {}
  for i = first, last do rows[#rows + 1] = records[i].data end
  return rows
end

local function write_range(job, tx, records, first, last)
  WRITE[job.args.on_conflict](tx[job.args.model], rows_of(records, first, last), job.key)
end

local function reason_of(e) return ("%s: %s"):format(e.code, (e.message:gsub("^data%[%d+%]%.", ""))) end

-- Writes as many rows as possible: halves in which an error is are tried separately, each in a savepoint.
local function write_parts(job, tx, records, first, last)
  local ok, e = pcall(tx.transaction, tx, function(inner) write_range(job, inner, records, first, last) end)
  if ok then return end
  if not is_about_rows(e) then error(e, 0) end
  if first == last then
    records[first].why = reason_of(e)
    return
  end
  local middle = math.floor((first + last) / 2)
  write_parts(job, tx, records, first, middle)
  write_parts(job, tx, records, middle + 1, last)
end

local function good_of(records)
  local good = {}
  for _, record in ipairs(records) do
    if not record.why then good[#good + 1] = record end
  end
  return good
end

local function count_bad(records)
  local bad = 0
  for _, record in ipairs(records) do
    if record.why then bad = bad + 1 end
  end
  return bad
end

-- Writes the bad rows of a batch to the file of rejects, once: before the commit that remembers its length.
local function put_rejects(job, records)
  if not job.rejects then return end
  for _, record in ipairs(records) do
    if record.why and not record.put then
      job.rejects.add(record)
      record.put = true
    end
  end
  job.rejects.flush()
end

local function commit_batch(job, records, write)
  job.db:transaction(function(tx)
    write(tx)
    put_rejects(job, records)
    local state = job.state
    local now = { done = state.done + #records, rejected = state.rejected + count_bad(records), bytes = job.rejects and job.rejects.bytes or 0 }
    now.is_new = state.is_new
    if job.id then remember(tx, job.id, now) end
    now.is_new = nil
    job.next_state = now
  end, TRANSACTION)
  job.state = job.next_state
end

local function name_bad(job, records)
  for _, record in ipairs(records) do
    if record.why then
      local bad = job.bad
      bad.count = bad.count + 1
      if #bad.list < SHOWN then bad.list[#bad.list + 1] = { line = record.line, reason = record.why } end
      if not job.rejects and bad.count <= SHOWN then io.stderr:write(("line %d: %s\n"):format(record.line, record.why)) end
    end
  end
end

local function write_batch(job, records)
  local good = good_of(records)
  local ok, e = pcall(commit_batch, job, records, function(tx)
    if #good > 0 then write_range(job, tx, good, 1, #good) end
  end)
  if not ok then
    if not is_about_rows(e) then error(e, 0) end
    commit_batch(job, records, function(tx)
      for _, record in ipairs(good) do record.why = nil end
      write_parts(job, tx, good, 1, #good)
    end)
  end
  name_bad(job, records)
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ the run

local function read_all(job, next_record)
  local records, at = {}, 0
  for record in next_record do
    at = at + 1
    if at > job.skip then
      records[#records + 1] = record
      if #records == BATCH then
        write_batch(job, records)
        records = {}
        job.report_bytes(job.file:seek())
      end
    end
  end
  if #records > 0 then write_batch(job, records) end
  job.report_bytes(job.size)
end

local function check_model(facts)
  if facts.view then errors.raise("VALIDATION", "%s is a view; rows cannot be imported into it", facts.name) end
end

local function check_key(job, names, fields)
  if job.args.on_conflict ~= "update" then return end
  local has = {}
  for _, name in ipairs(names or {}) do has[name] = true end
  if not names then
    for _, field in ipairs(fields) do has[field.name] = true end -- of JSON lines, each may have others
  end
  job.key = key_for(job.facts, function(name) return has[name] end)
  if not job.key then errors.raise("VALIDATION", "--on-conflict update: the file has no column of a key of %s", job.facts.name) end
end

local function import_file(job, call)
  local args = job.args
  local model = job.db[args.model]
  job.facts = tools.model_facts(model)
  check_model(job.facts)
  local fields = export.fields_of(job.facts)
  local id, size = identity(job.file, job.facts, args)
  local next_record, names = source.records(job.file, export.format_of(args), job.facts, fields)
  check_key(job, names, fields)
  job.size, job.state = size, { done = 0, rejected = 0, bytes = 0, is_new = true }
  if not args.no_resume then
    create_memory(job.db)
    job.id = id
    if args.restart then job.db:execute_raw(("DELETE FROM %s WHERE id = ?"):format(TABLE), id) end
    job.state = remembered(job.db, id)
  end
  job.skip = job.state.done
  if job.skip > 0 then call.out:line("Continues after %d rows of an earlier run.", job.skip) end
  if args.rejects then job.rejects = source.rejects(args.rejects, export.format_of(args), names, job.state.bytes) end
  job.report_bytes = rille.progress(job.facts.name, size, output.is_terminal(2) and not call.out.json)
  read_all(job, next_record)
  local ok, e = rille.try(function()
    database.of(database.provider_of(call:url())).number_on(job.db, job.facts)
    return true
  end)
  if not ok then call.out:warn("the next numbers of autoincrement() could not be set: %s", e.message) end
end

-- Reports before the memory is removed: what is killed in between is complete for the next run, too.
local function report(job, call)
  local out, args, state = call.out, job.args, job.state
  local imported = state.done - state.rejected
  out:done("%d row%s of %s %s imported", imported, imported == 1 and "" or "s", job.facts.name, imported == 1 and "was" or "were")
  if state.rejected > 0 then
    local bad = ("%d row%s %s not"):format(state.rejected, state.rejected == 1 and "" or "s", state.rejected == 1 and "was" or "were")
    if args.rejects then out:warn("%s: see %s", bad, args.rejects) else out:fail("%s; --rejects FILE writes them to a file", bad) end
  end
  output.flush()
  if job.id then forget(job.db, job.id) end
  local result = { model = job.facts.name, rows = imported, rejected = state.rejected, continued_after = job.skip, bad = output.list(job.bad.list) }
  return result, state.rejected > 0 and not args.rejects and 1 or 0
end

--- Runs the command.
function import.run(call)
  local args = call.args
  args.on_conflict = args.on_conflict or "error"
  export.format_of(args)
  if args.rejects == args.file then command.usage "--rejects: the file of rejects cannot be the file that is imported" end
  call:check_schema()
  local file, why = io.open(args.file, "rb")
  if not file or not file:seek "end" then errors.raise("VALIDATION", "`%s` cannot be read: %s", args.file, tostring(why)) end
  file:seek "set"
  local db = call:connect()
  local job = { args = args, db = db, file = file, bad = { count = 0, list = {} } }
  local ok, result, status = pcall(function()
    import_file(job, call)
    return report(job, call)
  end)
  file:close()
  db:close()
  if not ok then error(result, 0) end
  return result, status
end

return import
