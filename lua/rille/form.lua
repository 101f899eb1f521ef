--- rille.form: what a browser sends, as tables. rille.trust: decoded tables as tables of the application.
local core = require "rille.core"
local errors = require "rille.errors"
local json = require "rille.json"
local options = require "rille.options"

local form = {}

local BOUNDS = options.declare("rille.FormOptions", {
  { "body", "integer", least = 0, doc = "how many bytes a body without files may have; 1 MiB by default" },
  { "body_with_files", "integer", least = 0, doc = "how many bytes a body with files may have; 8 MiB by default" },
  { "fields", "integer", least = 0, doc = "how many fields there may be in all; 1,000 by default" },
  { "depth", "integer", least = 1, doc = "how many levels `a[b][c]`, or JSON, may have; 8 by default" },
  { "items", "integer", least = 0, doc = "how many elements a list may have; 1,000 by default" },
})
local DEFAULTS = { body = 1048576, body_with_files = 8388608, fields = 1000, depth = 8, items = 1000 }

-- Headers of one part of a multipart body, in bytes.
local MOST_HEADERS = 16384

-- status: as HTTP has it. `rille.status` reads it.
local function refuse(status, format, ...) error(errors.new("INPUT", "rille.form: " .. format:format(...), { status = status }), 0) end

local function too_large(format, ...) return refuse(413, format, ...) end
local function malformed(format, ...) return refuse(400, format, ...) end

-- A piece of what was sent, short enough for a message.
local function shown(text)
  return (text:sub(1, 40):gsub("[^\32-\126]", "?"))
end

-- ---------------------------------------------------------------------------------------------------------------------------------- names

-- "tags[0][name]" as its steps: "tags", "0", "name". What is no such name is one step.
local function steps_of(name, bounds)
  local first, rest = name:match "^([^%[%]]+)(%[.*%])$"
  if not first then return { name } end
  local steps, at = { first }, 1
  while at <= #rest do
    local step, after = rest:match("^%[([^%[%]]*)%]()", at)
    if not step then return { name } end
    steps[#steps + 1], at = step, after
    if #steps > bounds.depth then too_large("`%s` has more than %d levels", shown(name), bounds.depth) end
  end
  return steps
end

-- While a form is read, a table of it is a branch: { order = keys in order, at = { key -> value } }. `[]` gives the keys 0, 1, ...
local function new_branch() return { order = {}, at = {} } end

local function is_branch(value) return type(value) == "table" and value.order ~= nil end

-- A name that was sent more than once: its values in order.
local function is_repeated(value) return type(value) == "table" and value.values ~= nil end

local function next_key(branch, before)
  local last = branch.last or -1
  -- `tags[][name]` begins a new element when the last one has a name already.
  local element = branch.at[tostring(last)]
  if before and last >= 0 and is_branch(element) and element.at[before] == nil then return tostring(last) end
  repeat last = last + 1 until branch.at[tostring(last)] == nil
  branch.last = last
  return tostring(last)
end

local function set(branch, key, value, bounds)
  if branch.at[key] == nil then
    branch.order[#branch.order + 1] = key
    branch.at[key] = value
    return
  end
  local there = branch.at[key]
  if is_branch(there) then malformed("`%s` is sent both as a value and with `[...]`", shown(key)) end
  if not is_repeated(there) then
    there = { values = { there } }
    branch.at[key] = there
  end
  if #there.values >= bounds.items then too_large("`%s` is sent more than %d times", shown(key), bounds.items) end
  there.values[#there.values + 1] = value
end

local function put(root, name, value, bounds)
  local steps, branch = steps_of(name, bounds), root
  for i = 1, #steps do
    local key = steps[i]
    if key == "" and i > 1 then
      local following = steps[i + 1]
      key = next_key(branch, following ~= "" and following or nil)
    end
    if i == #steps then return set(branch, key, value, bounds) end
    local inner = branch.at[key]
    if inner == nil then
      inner = new_branch()
      set(branch, key, inner, bounds)
    elseif not is_branch(inner) then
      malformed("`%s` is sent both as a value and with `[...]`", shown(key))
    end
    branch = inner
  end
end

local function is_index(key) return key == "0" or key:find "^[1-9]%d*$" ~= nil and #key <= 9 end

-- A branch whose keys are all numbers is a list, in the order of the numbers.
local function list_keys(branch)
  local keys = {}
  for i, key in ipairs(branch.order) do
    if not is_index(key) then return nil end
    keys[i] = tonumber(key)
  end
  table.sort(keys)
  return keys
end

local finish

local function finish_value(value, bounds)
  if is_branch(value) then return finish(value, bounds) end
  if is_repeated(value) then return core.form_array(value.values) end
  return value
end

function finish(branch, bounds, is_root)
  local keys = not is_root and list_keys(branch)
  if keys then
    if #keys > bounds.items then too_large("a list has more than %d elements", bounds.items) end
    local list = {}
    for i, key in ipairs(keys) do list[i] = finish_value(branch.at[("%d"):format(key)], bounds) end
    return core.form_array(list)
  end
  local object = {}
  for _, key in ipairs(branch.order) do object[key] = finish_value(branch.at[key], bounds) end
  return core.form_object(object)
end

-- ---------------------------------------------------------------------------------------------------------------------------------- urlencoded

local function byte_of(digits) return string.char(tonumber(digits, 16)) end

local function unescape(text)
  if not text:find "[%%+]" then return text end
  text = text:gsub("%+", " ")
  if text:find "%%%X" or text:find "%%.%X" or text:find "%%.?$" then malformed("`%s` has a %% without two hexadecimal digits", shown(text)) end
  return (text:gsub("%%(%x%x)", byte_of))
end

local function read_urlencoded(body, bounds)
  if #body > bounds.body then too_large("the body has more than %d bytes", bounds.body) end
  local root, count, at = new_branch(), 0, 1
  while at <= #body do
    local last = (body:find("&", at, true) or #body + 1) - 1
    if last >= at then
      count = count + 1
      if count > bounds.fields then too_large("there are more than %d fields", bounds.fields) end
      local name, value = body:sub(at, last):match "^([^=]*)=?(.*)$"
      put(root, unescape(name), unescape(value), bounds)
    end
    at = last + 2
  end
  return finish(root, bounds, true)
end

-- ---------------------------------------------------------------------------------------------------------------------------------- multipart

-- Patterns here take time in proportion to what they read, whoever wrote it: `%s*$` behind anything else would take its square.
local function trim(text)
  local from = text:find "%S"
  return from and text:match("^.*%S", from) or ""
end

-- Reads a value in double quotes from its first character on. Returns it, and the place after it.
-- Browsers write a quote as %22. Others write \" for it; a backslash before anything else is itself, as in C:\a.txt.
local function read_quoted(header, from)
  local close = header:find('"', from, true)
  while close and header:sub(close - 1, close - 1) == "\\" do
    local further = header:find('"', close + 1, true)
    if not further then break end
    close = further
  end
  if not close then return nil end
  return header:sub(from, close - 1):gsub('\\"', '"'), close + 1
end

-- `form-data; name="a"; filename="b"`: the word, and the parameters by name in small letters.
local function read_parameters(header)
  local word, at = header:match "^%s*([^;%s]*)%s*()"
  local found = {}
  while at <= #header do
    local name, after = header:match("^;%s*([%w!#$%%&'*+.^_`|~-]+)%s*=%s*()", at)
    if not name then
      if header:find("^;?%s*$", at) then break end
      return nil
    end
    local value, past
    if header:sub(after, after) == '"' then
      value, past = read_quoted(header, after + 1)
      if not value then return nil end
    else
      value, past = header:match("^([^;%s]*)()", after)
    end
    found[name:lower()] = value
    at = header:match("^%s*()", past)
  end
  return word:lower(), found
end

local MARKS = { ["%22"] = '"', ["%0D"] = "\r", ["%0d"] = "\r", ["%0A"] = "\n", ["%0a"] = "\n" }
-- The three characters that browsers escape in names.
local function unmark(text) return (text:gsub("%%[02][2DdAa]", MARKS)) end

local function file_name(parameters)
  local extended = parameters["filename*"]
  local charset, name = (extended or ""):match "^([^']*)'[^']*'(.*)$"
  if name and charset:lower() == "utf-8" then
    name = unescape((name:gsub("%+", "%%2B")))
  else
    name = parameters.filename and unmark(parameters.filename)
  end
  return name and (name:match "^.*[/\\](.*)$" or name) -- some browsers send a path
end

local function read_headers(text)
  local headers = {}
  if #text > MOST_HEADERS then too_large("the headers of a part have more than %d bytes", MOST_HEADERS) end
  for line in (text .. "\r\n"):gmatch "(.-)\r\n" do
    local name, value = line:match "^([%w!#$%%&'*+.^_`|~-]+):(.*)$"
    if line ~= "" and not name then malformed("a part has the header line `%s`", shown(line)) end
    if name then headers[name:lower()] = trim(value) end
  end
  return headers
end

local CODINGS = { ["7bit"] = true, ["8bit"] = true, binary = true }

-- Puts one part into the form. Returns whether it is a file.
local function read_part(root, headers, content, bounds)
  local word, parameters = read_parameters(headers["content-disposition"] or "")
  if word ~= "form-data" or not parameters.name then malformed "a part has no `Content-Disposition: form-data` with a name" end
  local coding = (headers["content-transfer-encoding"] or "binary"):lower()
  if not CODINGS[coding] then malformed("a part has the Content-Transfer-Encoding `%s`; expected binary", shown(coding)) end
  local name, file = unmark(parameters.name), file_name(parameters)
  if not file then
    put(root, name, content, bounds)
    return false
  end
  -- A field for files in which none was chosen is sent without name and content.
  if file ~= "" or content ~= "" then
    local kind = headers["content-type"] or "application/octet-stream"
    put(root, name, core.form_object { name = file, type = kind, content = content }, bounds)
  end
  return true
end

local function boundary_of(parameters)
  local boundary = parameters.boundary
  if not boundary or boundary == "" or #boundary > 200 then malformed "the content type has no boundary" end
  return "--" .. boundary
end

local function read_multipart(body, parameters, bounds)
  local largest = math.max(bounds.body, bounds.body_with_files)
  if #body > largest then too_large("the body has more than %d bytes", largest) end
  local mark, root, count, files = boundary_of(parameters), new_branch(), 0, false
  local _, at = body:find(mark, 1, true)
  while at and body:sub(at + 1, at + 2) ~= "--" do
    local from = body:match("^[ \t]*\r\n()", at + 1)
    local last, next_at = body:find("\r\n" .. mark, from and from - 2 or at, true)
    local split, past = body:find("\r\n\r\n", from and from - 2 or at, true)
    if not from or not last or not split or split > last then malformed "a part of the body does not end" end
    count = count + 1
    if count > bounds.fields then too_large("there are more than %d fields", bounds.fields) end
    files = read_part(root, read_headers(body:sub(from, split - 1)), body:sub(past + 1, last - 1), bounds) or files
    at = next_at
  end
  if not at then malformed "the body has no boundary of its content type" end
  local most = files and bounds.body_with_files or bounds.body
  if #body > most then too_large("the body has more than %d bytes", most) end
  return finish(root, bounds, true)
end

-- ---------------------------------------------------------------------------------------------------------------------------------- JSON

local function check_json(value, depth, counted, bounds)
  if type(value) ~= "table" then return end
  if depth > bounds.depth then too_large("the JSON is nested more than %d levels deep", bounds.depth) end
  if core.decoded(value) == "array" then
    if #value > bounds.items then too_large("a list has more than %d elements", bounds.items) end
    for _, element in ipairs(value) do check_json(element, depth + 1, counted, bounds) end
    return
  end
  for _, member in pairs(value) do
    counted.fields = counted.fields + 1
    if counted.fields > bounds.fields then too_large("there are more than %d fields", bounds.fields) end
    check_json(member, depth + 1, counted, bounds)
  end
end

local function read_json(body, bounds)
  if #body > bounds.body then too_large("the body has more than %d bytes", bounds.body) end
  local ok, value = pcall(json.decode, body)
  if not ok then
    if not errors.is_error(value) then error(value, 0) end
    malformed("%s", value.message)
  end
  if type(value) ~= "table" or core.decoded(value) ~= "object" then malformed "the JSON is not an object" end
  check_json(value, 1, { fields = 0 }, bounds)
  return value
end

-- ---------------------------------------------------------------------------------------------------------------------------------- the functions

--- Decodes the body of a request, or a query string, into a table of strings, lists and tables: `tags[0][name]=lua` becomes
--- { tags = { { name = "lua" } } }, a name that is sent twice a list, a name without `=` an empty string, and a file
--- { name, type, content }. The table is marked as decoded: pass it to `input`, not to other methods. Errors: INPUT, with e.meta.status 413 (more than
--- a bound allows), 400 (malformed) or 415 (another content type); `rille.status` returns that number.
---@param body string|nil nil is an empty form
---@param content_type? string "application/x-www-form-urlencoded" by default; "multipart/form-data; boundary=..." and "application/json" too
---@param bounds? rille.FormOptions
---@return table
function form.decode(body, content_type, bounds)
  if body ~= nil and type(body) ~= "string" then options.refuse("rille.form: body", "a string", body) end
  if content_type ~= nil and type(content_type) ~= "string" then options.refuse("rille.form: content_type", "a string", content_type) end
  bounds = options.check(BOUNDS, bounds, "rille.form")
  local limits = {}
  for name, default in pairs(DEFAULTS) do limits[name] = bounds[name] or default end
  body = body or ""
  local kind, parameters = read_parameters(content_type or "")
  if not kind then malformed("the content type is `%s`", shown(content_type)) end
  if kind == "" or kind == "application/x-www-form-urlencoded" then return read_urlencoded(body, limits) end
  if kind == "multipart/form-data" then return read_multipart(body, parameters, limits) end
  if kind == "application/json" or kind:find "^application/.*%+json$" then return read_json(body, limits) end
  return refuse(415, "the content type is `%s`; expected a form or JSON", shown(kind))
end

local function copy(value, depth, copies)
  if type(value) ~= "table" then return value end
  if copies[value] then return copies[value] end
  if depth > 200 then errors.raise("VALIDATION", "rille.trust: the tables are nested more than 200 levels deep") end
  local decoded = core.decoded(value)
  local to = decoded == "array" and core.array {} or {}
  if not decoded then setmetatable(to, getmetatable(value)) end
  copies[value] = to
  for key, element in next, value do rawset(to, key, copy(element, depth + 1, copies)) end
  return to
end

--- Returns a deep copy of a table that is not marked as decoded, so that every method accepts it. Whoever sent the body can then write conditions,
--- operators and nested writes. Use it only for what you have checked, and never for what a visitor sends: that is what `input` is for.
---@generic T
---@param value T
---@return T
function form.trust(value) return copy(value, 0, {}) end

return form
