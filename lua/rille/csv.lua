--- CSV (RFC 4180): rows as text, and text as rows. An empty cell without quotes is NULL, `""` is an empty string.
local cells = require "rille.cells"
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"
local unwrap = require "rille.unwrap"

local csv = {}

local PIECE = 65536
local COLUMNS_MOST = 10000

local WRITE = options.declare("rille.CsvWriteOptions", {
  { "columns", "strings", such = '{ "id", "title" }', filled = true, doc = "the columns and their order; by default those of the rows" },
  { "model", "any", is = "rille.Model", doc = "a model, as in db.post: columns in the order of the schema, Bytes as base64" },
  { "header", "boolean", doc = "false: no line with the names of the columns" },
  { "separator", "string", filled = true, doc = '","' },
  { "newline", "string", filled = true, doc = '"\\r\\n"' },
})

local READ = options.declare("rille.CsvReadOptions", {
  { "columns", "strings", such = '{ "id", "title" }', filled = true, doc = "the names of the columns, for text without a header" },
  { "model", "any", is = "rille.Model", doc = "a model, as in db.post: cells become values of its fields" },
  { "header", "boolean", doc = "false: rows are lists of cells" },
  { "separator", "string", filled = true, doc = '","' },
  { "max_row", "integer", least = 1, most = 2147483647, doc = "bytes of the longest row: 16 MiB" },
})

local MAX_ROW = 16 * 1024 * 1024

local function check_separator(given, what)
  local separator = given.separator or ","
  if #separator ~= 1 or separator:find '["\r\n]' then options.refuse(what .. ": separator", "one character", separator, ("%q"):format(separator)) end
  return separator
end

local function facts_of(given, what)
  if given.model == nil then return nil end
  local model = unwrap.model(given.model)
  if type(model) ~= "userdata" then options.refuse(what .. ": model", "a model, as in db.user", given.model) end
  return core.model_facts(model)
end

-- Returns the fields of a model that are columns, by name and in order.
local function fields_of(facts)
  local by_name, names = {}, {}
  for _, field in ipairs(facts.fields) do
    if field.kind == "scalar" or field.kind == "enum" then by_name[field.name], names[#names + 1] = field, field.name end
  end
  return by_name, names
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ writing

local function quoted(text) return '"' .. text:gsub('"', '""') .. '"' end

local function new_cell(separator)
  local special = '["\r\n' .. (separator:find "%w" and separator or "%" .. separator) .. "]"
  return function(text)
    if text == nil then return "" end
    if text == "" or text:find(special) or text:find "^%s" or text:find "%s$" then return quoted(text) end
    return text
  end
end

-- `id` first, the others by name, because a Lua table has no order.
local function names_in(rows)
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for key in pairs(row) do
      if type(key) == "string" and not seen[key] then seen[key], names[#names + 1] = true, key end
    end
  end
  table.sort(names, function(a, b)
    if (a == "id") ~= (b == "id") then return a == "id" end
    return a < b
  end)
  return names
end

-- The columns of a model that the rows have: a row has no key for NULL, so those of all rows count.
local function names_of_model(names, rows)
  local present, list = {}, {}
  for _, row in ipairs(rows) do
    for key in pairs(row) do present[key] = true end
  end
  for _, name in ipairs(names) do
    if present[name] then list[#list + 1] = name end
  end
  return list
end

local function line_writer(given, what)
  local facts = facts_of(given, what)
  local by_name, all = {}, nil
  if facts then by_name, all = fields_of(facts) end
  local cell, separator = new_cell(check_separator(given, what)), given.separator or ","
  local newline = given.newline or "\r\n"
  if not newline:find "^\r?\n$" then options.refuse(what .. ": newline", '"\\r\\n" or "\\n"', newline, ("%q"):format(newline)) end
  local function line(row, names)
    local parts = {}
    for i, name in ipairs(names) do
      local field, value = by_name[name], row[name]
      local text
      if field then text = cells.text(field, value) else text = cells.plain_text(value) end
      parts[i] = cell(text)
    end
    return table.concat(parts, separator) .. newline
  end
  local function head(names)
    local parts = {}
    for i, name in ipairs(names) do parts[i] = cell(name) end
    return table.concat(parts, separator) .. newline
  end
  return line, head, all
end

--- Returns rows as CSV. Numbers and decimals are exact, date-times as in rows, tables are JSON. Errors: VALIDATION, P2006 (a table that cannot be JSON).
---@param rows table[]
---@param given? rille.CsvWriteOptions
---@return string
function csv.encode(rows, given)
  if type(rows) ~= "table" then options.refuse("csv.encode", "a list of rows", rows) end
  given = options.check(WRITE, given, "csv.encode")
  local line, head, all = line_writer(given, "csv.encode")
  rows = core.plain(rows, "csv.encode")
  for i, row in ipairs(rows) do
    if type(row) ~= "table" then options.refuse(("csv.encode: [%d]"):format(i), "a row", row) end
  end
  local names = given.columns or all and names_of_model(all, rows) or names_in(rows)
  if #names == 0 then return "" end
  local parts = { given.header ~= false and head(names) or nil }
  for _, row in ipairs(rows) do parts[#parts + 1] = line(row, names) end
  return table.concat(parts)
end

--- Returns a function that writes one row to a file or a function, and the header before the first one. Columns are those of `columns`, or all of
--- `model`.
---@param target file*|fun(text: string)
---@param given rille.CsvWriteOptions
---@return fun(row: table)
function csv.writer(target, given)
  given = options.check(WRITE, given, "csv.writer")
  local line, head, all = line_writer(given, "csv.writer")
  local names = given.columns or all or errors.raise("VALIDATION", "csv.writer: missing `columns` or `model`")
  local write = target
  if type(target) ~= "function" then
    if io.type(target) ~= "file" then options.refuse("csv.writer", "an open file or a function", target) end
    write = function(text)
      local ok, why = target:write(text)
      if not ok then errors.raise("VALIDATION", "csv.writer: the file cannot be written: %s", tostring(why)) end
    end
  end
  local begun = given.header == false
  return function(row)
    if type(row) ~= "table" then options.refuse("csv.writer", "a row", row) end
    if not begun then
      begun = true
      write(head(names))
    end
    write(line(row, names))
  end
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ reading

local Reader = {}
Reader.__index = Reader

local function refuse(line, format, ...)
  local e = errors.new("INPUT", ("csv: line %d: "):format(line) .. format:format(...), { status = 400, line = line })
  error(e, 0)
end

-- Reads more text: at least as much as is there already, so that a long row is read in linear time. false: the text has ended.
function Reader:fill()
  if self.ended then return false end
  local parts, length, before = { self.text:sub(self.at) }, 0, #self.text - self.at + 1
  local wanted = math.max(PIECE, before)
  while length < wanted do
    local piece = self.next_piece()
    if piece == nil then
      self.ended = true
      break
    end
    if type(piece) ~= "string" then options.refuse("csv.read", "strings from the function", piece) end
    parts[#parts + 1], length = piece, length + #piece
  end
  self.text, self.at = table.concat(parts), 1
  return true
end

local function count_lines(text) return select(2, text:gsub("\n", "")) end

-- Reads a quoted cell that begins at `at`. Returns its text and where it ends; nil if its end was not read yet.
local function quoted_cell(text, at)
  local from, parts = at + 1, nil
  while true do
    local quote = text:find('"', from, true)
    if not quote then return nil end
    if text:byte(quote + 1) ~= 34 then
      local last = text:sub(from, quote - 1)
      if parts then
        parts[#parts + 1] = last
        last = table.concat(parts)
      end
      return last, quote + 1
    end
    parts = parts or {}
    parts[#parts + 1] = text:sub(from, quote)
    from = quote + 2
  end
end

-- Reads one row from self.text at self.at. Returns its cells (false: NULL) and where the next one begins; nil if its end was not read yet.
function Reader:parse()
  local text, at, row, n = self.text, self.at, {}, 0
  local size = #text
  while true do
    if at > size and not self.ended then return nil end
    n = n + 1
    if n > COLUMNS_MOST then refuse(self.line, "a row has at most %d cells", COLUMNS_MOST) end
    local stop
    if text:byte(at) == 34 then
      local value
      value, stop = quoted_cell(text, at)
      if not value then
        if self.ended then refuse(self.line, "a quoted cell has no end") end
        return nil
      end
      if stop > size and not self.ended then return nil end -- another quote may follow
      row[n] = value
    else
      stop = text:find(self.special, at) or self.ended and size + 1
      if not stop then return nil end
      row[n] = stop > at and text:sub(at, stop - 1) or false
    end
    local byte = text:byte(stop)
    if byte == 13 and stop == size and not self.ended then return nil end
    if byte == nil then return row, stop, n end
    if byte == 10 then return row, stop + 1, n end
    if byte == 13 and text:byte(stop + 1) == 10 then return row, stop + 2, n end
    if byte == 34 then refuse(self.line, "a quote within a cell that does not begin with one") end
    if byte ~= self.separator then refuse(self.line, "expected a separator or the end of the line after a quoted cell") end
    at = stop + 1
  end
end

-- Returns the cells of the next row, their number, its first line and its text; nil at the end.
function Reader:row()
  while true do
    if self.at > #self.text and not self:fill() or self.at > #self.text then
      if self.ended then return nil end
    else
      local row, next_at, n = self:parse()
      if row then
        local line, from = self.line, self.at
        self.at = next_at
        self.line = line + count_lines(self.text:sub(from, next_at - 1))
        if n > 1 or row[1] or self.width == 1 then return row, n, line, from, next_at - 1 end
      else
        if #self.text - self.at + 1 > self.max_row then refuse(self.line, "a row has at most %d bytes", self.max_row) end
        self:fill()
      end
    end
  end
end

-- Returns a function that returns the next piece of a text, a file, or what a function returns.
local function pieces_of(source, what)
  if type(source) == "function" then return source end
  if io.type(source) == "file" then
    return function() return source:read(PIECE) end
  end
  options.refuse(what, "an open file or a function", source)
end

local function new_reader(next_piece, given, what)
  local separator = check_separator(given, what)
  local reader = setmetatable({ next_piece = next_piece, text = "", at = 1, line = 1, max_row = given.max_row or MAX_ROW }, Reader)
  reader.separator = separator:byte()
  reader.special = '["\r\n' .. (separator:find "%w" and separator or "%" .. separator) .. "]"
  reader:fill()
  if reader.text:sub(1, 3) == "\239\187\191" then reader.at = 4 end
  return reader
end

local function header_of(reader, given)
  if given.columns then return given.columns end
  local row, n, line = reader:row()
  if not row then return nil end
  local names, seen = {}, {}
  for i = 1, n do
    local name = row[i]
    if not name or name == "" then refuse(line, "column %d has no name", i) end
    if seen[name] then refuse(line, "two columns are called `%s`", name) end
    seen[name], names[i] = true, name
  end
  return names
end

local function cell_of(field, text, line)
  if text == false then text = nil end
  if not field then return text == nil and core.null or text end
  local value, why = cells.value(field, text)
  if why then refuse(line, "%s: %s", field.name, why) end
  return value
end

-- Returns the iterator over rows and their lines.
local function iterate(reader, given, what)
  local facts = facts_of(given, what)
  local by_name = facts and fields_of(facts) or {}
  if given.header == false and not given.columns then
    return function()
      local row, n, line = reader:row()
      if not row then return nil end
      reader.width = reader.width or n -- with one column, an empty line is a row with NULL
      for i = 1, n do row[i] = row[i] or core.null end
      return row, line
    end
  end
  local names = header_of(reader, given)
  local function next_row()
    if not names then return nil end
    reader.width = #names
    local row, n, line = reader:row()
    if not row then return nil end
    if n ~= #names then refuse(line, "expected %d cells, got %d", #names, n) end
    local values = {}
    for i, name in ipairs(names) do values[name] = cell_of(by_name[name], row[i], line) end
    return values, line
  end
  return next_row, names
end

--- Iterates over the rows of a file, or of a function that returns pieces of text (nil at the end): `for row, line in rille.csv.read(file) do`.
--- Memory is bounded by the longest row. Rows are tables by the names of the header; NULL is rille.null. Errors: INPUT with meta.line (not CSV; a cell
--- that is no value of its field).
---@param source file*|fun(): string|nil
---@param given? rille.CsvReadOptions
---@return fun(): table|nil, integer the row, and the line where it begins
function csv.read(source, given)
  given = options.check(READ, given, "csv.read")
  return (iterate(new_reader(pieces_of(source, "csv.read"), given, "csv.read"), given, "csv.read"))
end

--- Returns the rows of a text, and the names of its columns. As in csv.read.
---@param text string
---@param given? rille.CsvReadOptions
---@return table[] rows
---@return string[]|nil columns
function csv.decode(text, given)
  if type(text) ~= "string" then options.refuse("csv.decode", "a string", text) end
  given = options.check(READ, given, "csv.decode")
  local rest = text
  local function once()
    local piece = rest
    rest = nil
    return piece
  end
  local next_row, names = iterate(new_reader(once, given, "csv.decode"), given, "csv.decode")
  local rows = core.array {}
  for row in next_row do rows[#rows + 1] = row end
  return rows, names
end

return csv
