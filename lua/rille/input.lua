--- model:input: a form or a body from outside as data for create and update, or messages for the person at the form.
local core = require "rille.core"
local options = require "rille.options"

local input = {}

local INPUT = options.declare("rille.InputOptions", {
  { "allow", "table", required = true, such = '{ "title", tags = { "name" } }', is = "(string|table)[]|table<string, true|\"connect\"|table>",
    doc = "lists the fields that the form may give" },
  { "mode", "word", one_of = { "create", "update" }, doc = '"create"; "update": nothing is required' },
  { "required", "table", such = '{ "summary" }', is = "(string|table)[]|table<string, true|table>",
    doc = "fields of `allow` that must be given, in addition to those that the schema requires" },
  { "unknown", "word", one_of = { "ignore", "error" }, doc = '"ignore": names that are not allowed are left out; "error": they are faults' },
  { "zone", "any", is = "string|fun(local_time: string): string",
    doc = 'of date-times without an offset, such as "+02:00"; or a function that returns it for a local time; UTC by default' },
  { "check", "function", is = "fun(input: table, fault: fun(path: string, message: string, code?: string))",
    doc = "runs when all fields are right; each call of `fault` adds a fault" },
  { "messages", "any", is = "table<string, string>|fun(fault: rille.InputFault): string|nil",
    doc = "replaces messages: by code, or a function that returns one" },
  { "depth", "integer", least = 1, most = 100, doc = "how many levels of tables the form may have; 8 by default" },
  { "items", "integer", least = 1, doc = "how many elements a list may have; 1,000 by default" },
  { "fields", "integer", least = 1, doc = "how many names there may be in all; 1,000 by default" },
})

local is_callable = options.is_callable

-- ---------------------------------------------------------------------------------------------------------------------------------- messages

--- Checks the option `messages`, and returns it as a list that begins with it and goes on with those of `from`.
---@param given any nil: only those of `from`
---@param what string for errors: "input: messages"
---@param from table|nil a list of this function
---@return table|nil
function input.messages(given, what, from)
  if given == nil then return from end
  if not is_callable(given) then
    if type(given) ~= "table" then options.refuse(what, "a table of messages by code, or a function", given) end
    given = core.plain(given, what)
    for code, text in pairs(given) do
      if type(code) ~= "string" or type(text) ~= "string" then
        options.refuse(("%s.%s"):format(what, tostring(code)), "a string", text)
      end
    end
  end
  local list = { given }
  for i, more in ipairs(from or {}) do list[i + 1] = more end
  return list
end

local function fill_in(text, fault)
  return (text:gsub("{(%a+)}", function(name)
    local value = (name == "limit" or name == "path" or name == "code") and fault[name]
    return value and tostring(value) or nil
  end))
end

local function message_of(given, fault)
  if not is_callable(given) then return not fault.own and given[fault.code] and fill_in(given[fault.code], fault) or nil end
  local text = given(fault)
  if text ~= nil and type(text) ~= "string" then options.refuse("input: messages", "a function that returns a string or nil", text) end
  return text
end

--- Returns the message of a fault: what `messages` says for its code, those of the call before those of the client; otherwise fault.message.
--- Placeholders are {limit}, {path} and {code}.
---@param list table|nil of input.messages; see core.messages for those of a client
---@param fault { path: string, code: string, message: string, limit?: string, own?: boolean }
---@return string
function input.word(list, fault)
  for _, given in ipairs(list or {}) do
    local text = message_of(given, fault)
    if text then return text end
  end
  return fault.message
end

-- ---------------------------------------------------------------------------------------------------------------------------------- the method

-- The minutes of "+02:00", "-0330", "+02" or "Z".
local function minutes_of(text, local_time)
  if type(text) == "string" then
    if text == "Z" then return 0 end
    local sign, hours, minutes = text:match "^([+-])(%d%d):?(%d%d)$"
    if not sign then
      sign, hours = text:match "^([+-])(%d%d)$"
      minutes = "0"
    end
    if sign and tonumber(hours) < 24 and tonumber(minutes) < 60 then
      return (tonumber(hours) * 60 + tonumber(minutes)) * (sign == "-" and -1 or 1)
    end
  end
  return options.refuse(("input: zone(%q)"):format(local_time), 'an offset such as "+02:00"', text, type(text) == "string" and ("%q"):format(text) or nil)
end

local function offsets_of(zone, locals)
  local list = {}
  for i, local_time in ipairs(locals) do list[i] = minutes_of(zone(local_time), local_time) end
  return list
end

-- What the binding reads of the options.
local function read(model, form, given)
  local zone = given.zone
  local asks = zone ~= nil and type(zone) ~= "string"
  if asks and not is_callable(zone) then options.refuse("input: zone", 'an offset such as "+02:00", or a function', zone) end
  local own = { allow = given.allow, required = given.required, update = given.mode == "update", report_unknown = given.unknown == "error",
    depth = given.depth, items = given.items, fields = given.fields, zone = not asks and zone or nil, ask = asks }
  local data, found = core.input(model, form, own)
  if data ~= false then return data, found end
  own.ask, own.offsets, own.locals = false, offsets_of(zone, found), found
  return core.input(model, form, own)
end

local function run_check(check, data)
  local list = core.array {}
  check(data, function(path, message, code)
    if path == nil then path = "base" end
    if type(path) ~= "string" then options.refuse("input: check: fault", "the path of a field", path) end
    if type(message) ~= "string" then options.refuse("input: check: fault", "a message", message) end
    if code ~= nil and type(code) ~= "string" then options.refuse("input: check: fault", "a code", code) end
    list[#list + 1] = { path = path, code = code or "check", message = message }
  end)
  return #list > 0 and list or nil
end

-- Gives each fault its message; returns the first one of each path.
local function messages_of(list, found)
  local first = {}
  for _, fault in ipairs(found) do
    local path, code = fault.path, fault.code
    fault.message = input.word(list, fault)
    fault.path, fault.code, fault.own = path, code, nil -- a function of `messages` may have changed them
    first[path] = first[path] or fault.message
  end
  return first
end

local function check_options(given)
  local like = "a table of options, as in { allow = { \"title\" } }"
  if given == nil then options.refuse("input", like, given) end
  if type(given) == "table" and rawget(given, 1) ~= nil then options.refuse("input", like, given, "a list") end
  options.check(INPUT, given, "input")
end

--- Raises if the options cannot be those of a model, whatever the form.
function input.check(model, given)
  check_options(given)
  input.messages(given.messages, "input: messages")
  read(model, {}, given)
end

-- The method; documented in rille.model.
function input.read(model, form, given)
  check_options(given)
  local kind = type(form)
  if kind == "nil" or kind == "function" or kind == "thread" then options.refuse("input: form", "a table", form) end
  local list = input.messages(given.messages, "input: messages", core.messages(model))
  local data, found = read(model, form, given)
  if data and given.check then found = run_check(given.check, data) end
  if not found then return data end
  return nil, messages_of(list, found), found
end

return input
