--- The records of a file to import: of CSV or of JSON lines, with their lines, as values of a model's fields; and the file of rejects.
local rille = require "rille"
local tools = rille.tools
local cells, errors = tools.cells, tools.errors

local source = {}

-- Columns that a file of rejects has in addition.
local ADDED = { _error = true, _raw = true }

local function refuse(format, ...) errors.raise("VALIDATION", format, ...) end

local function check_name(by_name, name, facts, line)
  if by_name[name] or ADDED[name] then return end
  local near = errors.nearest(name, by_name)
  refuse("line %d: column `%s`: unknown field of %s%s", line, name, facts.name, near and ("; did you mean `%s`?"):format(near) or "")
end

local function csv_records(file, by_name, facts)
  local next_row = rille.csv.read(file, { header = false })
  local names = next_row()
  if not names then return function() end, {} end
  for i, name in ipairs(names) do
    if name == rille.null or name == "" then refuse("line 1: column %d has no name", i) end
    check_name(by_name, name, facts, 1)
  end
  return function()
    local row, line = next_row()
    if not row then return nil end
    local record = { line = line, cells = row, data = {} }
    if #row ~= #names then
      record.why = ("expected %d cells, got %d"):format(#names, #row)
      return record
    end
    for i, name in ipairs(names) do
      local field, text = by_name[name], row[i]
      if text == rille.null then text = nil end
      if field then
        local value, why = cells.value(field, text)
        if why then record.why = record.why or name .. ": " .. why else record.data[name] = value end
      end
    end
    return record
  end, names
end

local function data_of_json(record, object, by_name, facts)
  for name in pairs(object) do
    if not by_name[name] and not ADDED[name] then
      local near = errors.nearest(tostring(name), by_name)
      record.why = ("%s: unknown field of %s%s"):format(tostring(name), facts.name, near and ("; did you mean `%s`?"):format(near) or "")
      return
    end
  end
  for name, field in pairs(by_name) do
    local given = object[name]
    local may_lack = field.type == "Json" and not field.list and not field.required
    if given ~= nil or may_lack then
      local value, why = cells.value_of_json(field, given)
      if why then
        record.why = name .. ": " .. why
        return
      end
      if value == nil and may_lack then value = rille.db_null end
      record.data[name] = value
    end
  end
end

local LINE_MOST, PIECE = 16 * 1024 * 1024, 65536

-- Returns a function that returns the next line of a file, read in pieces, so that a line of any length is refused early.
local function lines_of(file)
  local rest, at, line, ended = "", 1, 0, false
  local function cut_line(to)
    local text = rest:sub(at, to)
    line = line + 1
    return text, line
  end
  return function()
    while true do
      local stop = rest:find("\n", at, true)
      if stop then
        local text, number = cut_line(stop - 1)
        at = stop + 1
        return text, number
      end
      local left = #rest - at + 1
      if left > LINE_MOST then refuse("line %d: a line has at most %d bytes", line + 1, LINE_MOST) end
      if ended then
        if left == 0 then return nil end
        local text, number = cut_line(-1)
        rest, at = "", 1
        return text, number
      end
      local piece = file:read(math.max(PIECE, left))
      ended = piece == nil
      rest, at = rest:sub(at) .. (piece or ""), 1
    end
  end
end

local function json_records(file, by_name, facts)
  local next_line = lines_of(file)
  return function()
    for text, line in next_line do
      if text:find "%S" then
        local record = { line = line, text = text, data = {} }
        local ok, object = pcall(rille.json.decode, text)
        if not ok then record.why = "not JSON"
        elseif type(object) ~= "table" or #object > 0 then record.why = "expected an object"
        else data_of_json(record, object, by_name, facts)
        end
        return record
      end
    end
    return nil
  end
end

--- Returns an iterator over records: { line, data, why: what is wrong }, and the names of the columns of CSV.
---@param file file*
---@param format "csv"|"jsonl"
---@param facts table as of tools.model_facts
---@param fields table[]
function source.records(file, format, facts, fields)
  local by_name = {}
  for _, field in ipairs(fields) do by_name[field.name] = field end
  if format == "csv" then return csv_records(file, by_name, facts) end
  return json_records(file, by_name, facts)
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ rejects

local function readable(text)
  return (pcall(rille.json.encode, text)) and text or (text:gsub("[%z\1-\31\128-\255]", "?"))
end

local function reject_json(record)
  local head = '{"_error":' .. rille.json.encode(readable(record.why))
  local object = record.text:match "^%s*{(.*)$"
  if not object or not pcall(rille.json.decode, record.text) then return head .. ',"_raw":' .. rille.json.encode(readable(record.text)) .. "}\n" end
  if object:find '^%s*"_error"' then return record.text .. "\n" end
  return head .. (object:find "^%s*}" and "" or ",") .. object .. "\n"
end

-- Cuts a file to its first bytes: what follows belongs to rows that will be imported again.
local function cut(path, bytes)
  local file = io.open(path, "rb")
  if not file then return end
  local part = path .. ".part"
  local copy = assert(io.open(part, "wb"))
  while bytes > 0 do
    local piece = file:read(math.min(bytes, 65536))
    if not piece then break end
    copy:write(piece)
    bytes = bytes - #piece
  end
  file:close()
  copy:close()
  os.remove(path)
  os.rename(part, path)
end

--- Returns the file of rejects, which gets its first line only with the first reject. It has the format of the import, and can be imported itself.
---@param path string
---@param format "csv"|"jsonl"
---@param names string[]|nil the columns of CSV
---@param bytes integer what is there of an earlier run
function source.rejects(path, format, names, bytes)
  if bytes > 0 then cut(path, bytes) else os.remove(path) end
  local rejects, file = { bytes = bytes }, nil
  local function write(text)
    local why
    if not file then
      file, why = io.open(path, "ab")
      if not file then refuse("`%s` cannot be written: %s", path, why) end
    end
    local ok, reason = file:write(text)
    if not ok then refuse("`%s` cannot be written: %s", path, reason) end
    rejects.bytes = rejects.bytes + #text
  end
  local columns, put = {}, nil
  if format == "csv" then
    for _, name in ipairs(names) do
      if not ADDED[name] then columns[#columns + 1] = name end
    end
    columns[#columns + 1] = "_error"
    put = rille.csv.writer(write, { columns = columns, header = bytes == 0 })
  end
  function rejects.add(record)
    if format ~= "csv" then return write(reject_json(record)) end
    local row = { _error = record.why }
    for i, name in ipairs(names) do
      if not ADDED[name] then row[name] = record.cells[i] end
    end
    for i = #names + 1, #record.cells do row._error = ("%s: %s"):format(row._error, tostring(record.cells[i])) end
    put(row)
  end
  function rejects.flush()
    if file then file:flush() end
  end
  return rejects
end

return source
