--- What a person at a form may know of an error: a status as HTTP has it, a code, and messages by field.
local core = require "rille.core"
local errors = require "rille.errors"
local input_words = require "rille.input"

local faults = {}

local STATUS = {
  INPUT = 422, P2000 = 422, P2003 = 422, P2011 = 422, P2020 = 422,
  P2025 = 404,
  P2002 = 409, P2034 = 409,
  P1001 = 503, P2024 = 503, P2028 = 503,
  P1008 = 504,
}

-- The code of an answer that the application itself gives, by status.
local CODES = { [401] = "UNAUTHORIZED", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [409] = "CONFLICT", [422] = "INPUT" }

-- By code: for the option `messages`, and in English.
local WORDS = {
  unauthorized = "you must sign in first",
  forbidden = "you are not allowed to do this",
  not_found = "was not found",
  conflict = "was changed in the meantime; try again",
  invalid = "is not valid",
  failed = "something went wrong; try again later",
  too_long = "is too long",
  taken = "is already taken",
  taken_together = "this combination is already taken",
  missing_row = "does not exist",
  in_use = "is still in use",
  required = "is required",
  out_of_range = "is out of range",
}
local BY_STATUS = { [401] = "unauthorized", [403] = "forbidden", [404] = "not_found", [409] = "conflict", [422] = "invalid" }
local BY_CODE = { P2000 = "too_long", P2011 = "required", P2020 = "out_of_range", P2025 = "not_found", P2034 = "conflict" }

--- Returns the HTTP status for an error: 422 for what a form can correct, 404, 409, 503 if the database cannot be reached in time, 504 if it does not
--- answer in time, and 500 for every other error, also for errors that are not rille's.
---@param e any
---@return integer
function faults.status(e)
  if not errors.is_error(e) then return 500 end
  local own = type(e.meta) == "table" and e.meta.status
  return type(own) == "number" and own or STATUS[e.code] or 500
end

-- Messages by field. A string is a message for no field.
local function check_messages(given, what)
  if given == nil then return nil end
  if type(given) == "string" then return { base = given } end
  if type(given) ~= "table" then errors.raise("VALIDATION", "%s: expected a table of messages by field, got a %s", what, type(given)) end
  for field, message in pairs(core.plain(given, what)) do
    if type(field) ~= "string" or type(message) ~= "string" then
      errors.raise("VALIDATION", "%s: expected a table of messages by field, such as { title = \"is already used\" }", what)
    end
  end
  return given
end

-- Raises the error that becomes the answer of an action.
local function refuse(status, messages, list)
  local first = next(messages or {})
  local text = first and ("%s%s"):format(first == "base" and "" or first .. ": ", messages[first]) or WORDS[BY_STATUS[status] or "failed"]
  error(errors.new("INPUT", text, { status = status, errors = messages, faults = list }), 0)
end

faults.refuse = refuse

--- Ends the action that is running: it is rolled back, and its answer has this status and these messages.
---@param status 401|403|404|409|422
---@param messages? string|table<string, string> by field; a string is for the whole form
function faults.fail(status, messages)
  if not CODES[status] then errors.raise("VALIDATION", "rille.fail: expected the status 401, 403, 404, 409 or 422, got %s", tostring(status)) end
  refuse(status, check_messages(messages, "rille.fail"))
end

--- The messages that a function of the application has returned in place of a value.
function faults.returned(messages, what) return refuse(422, check_messages(messages, what)) end

-- ---------------------------------------------------------------------------------------------------------------------------------- fields

-- Steps of a path that are words of the query language, not fields.
local QUERY_WORDS = {
  create = true, create_many = true, connect = true, connect_or_create = true, data = true, update = true, upsert = true, set = true, where = true,
}

-- "data.tags.create[2].name" as the form has it: "tags.2.name".
local function field_of_path(path)
  local steps = {}
  for step, index in path:gsub("^%a+%.?", ""):gmatch "([^.%[%]]+)%[?(%d*)%]?" do
    if not QUERY_WORDS[step] then steps[#steps + 1] = step end
    if index ~= "" then steps[#steps + 1] = index end
  end
  return #steps > 0 and table.concat(steps, ".") or "base"
end

--- The facts of a model, by any of its names; nil if there is none.
---@param scope userdata
---@param name string|nil
function faults.model(scope, name)
  if not name then return nil end
  for _, m in ipairs(core.schema_models(scope).models) do
    if name == m.name or name == m.snake or name == m.camel then return m end
  end
end

local function field_named(model, name)
  for _, f in ipairs(model and model.fields or {}) do
    if f.name == name then return f end
  end
end

-- The fields among `names` that the form gave.
local function given_among(names, input)
  local found = {}
  for _, name in ipairs(names) do
    if type(input) == "table" and input[name] ~= nil then found[#found + 1] = name end
  end
  return found
end

-- Each gives the code of a message for each field.
local function of_unique(e, input)
  local target = type(e.meta.target) == "table" and e.meta.target or {}
  if #target == 1 then return { [target[1]] = "taken" } end
  local codes = {}
  for _, name in ipairs(given_among(target, input)) do codes[name] = "taken" end
  return next(codes) and codes or { base = "taken_together" }
end

-- The place of the form where a relation was chosen: its key, or the relation itself if that was connected.
local function field_of_relation(relation, input)
  local given = given_among({ relation.name, (table.unpack or unpack)(relation.own_fields or {}) }, input) -- luacheck: ignore
  return given[1] or relation.own_fields and relation.own_fields[1] or relation.name
end

local function of_relation(e, input, model)
  local relation = model and e.meta.model == model.name and field_named(model, e.meta.field_name)
  if relation and relation.holds_key and input ~= nil then return { [field_of_relation(relation, input)] = "missing_row" } end
  return { base = input == nil and "in_use" or "missing_row" }
end

local function field_of(e)
  local path = e.meta.path
  if type(path) == "string" and path:find "^%a+%." and not path:find "^where%." then return field_of_path(path) end
  return type(e.meta.field) == "string" and e.meta.field or "base"
end

-- What stands behind the path in the message of an error of input.
local function words_of(e)
  local path = type(e.meta.path) == "string" and e.meta.path .. ": " or ""
  return e.message:sub(1, #path) == path and e.message:sub(#path + 1) or e.message
end

local function codes_of(e, input, model)
  if e.code == "P2002" then return of_unique(e, input) end
  if e.code == "P2003" then return of_relation(e, input, model) end
  return { [field_of(e)] = BY_CODE[e.code] or BY_STATUS[faults.status(e)] or "failed" }
end

--- Returns the text for a code, from the messages of the client or in English.
---@param list table|nil the messages of a client: core.messages
---@param code string
---@param path string
---@return string
function faults.word(list, code, path) return input_words.word(list, { path = path, code = code, message = WORDS[code] }) end

--- Returns the messages by field for an error whose status is below 500.
---@param e rille.Error
---@param list table|nil the messages of the client
---@param input table|nil what the action was given
---@param model table|nil the facts of the model that the form is for
---@return table<string, string>
function faults.messages(e, list, input, model)
  if e.meta.errors then return e.meta.errors end
  if e.code == "INPUT" and not e.meta.status then return { [field_of(e)] = words_of(e) } end
  local messages = {}
  for field, code in pairs(codes_of(e, input, model)) do messages[field] = faults.word(list, code, field) end
  return messages
end

--- Returns the code of the answer.
function faults.code(e, status)
  if e.code == "INPUT" then return CODES[status] or "INPUT" end
  return status < 500 and e.code or "INTERNAL"
end

--- SQLite says only that some foreign key is broken. Asks which row that the input refers to is missing; the transaction goes on there. Returns the
--- name of the relation, or nil.
---@param tx rille.Client
---@param e any
---@param input any
---@param model table|nil
function faults.missing_parent(tx, e, input, model)
  if not errors.is_error(e) or e.code ~= "P2003" or e.meta.field_name or type(input) ~= "table" then return nil end
  if not model or e.meta.model ~= model.name then return nil end
  for _, f in ipairs(model.fields) do
    local given = f.holds_key and given_among(f.own_fields, input)
    if given and #given > 0 and #given == #f.own_fields then
      local where = {}
      for i, name in ipairs(f.own_fields) do where[f.other_fields[i]] = input[name] end
      local asked, found = pcall(function() return tx[f.target]:exists { where = where } end)
      if asked and not found then return f.name end
    end
  end
end

return faults
