--- What a person at a form may know of an error: a status as HTTP has it, a code, and messages by field.
local core = require "rille.core"
local errors = require "rille.errors"
local input_words = require "rille.input"

local faults = {}

--- What is known of the form of an action.
---@class rille.FormFacts
---@field model table|nil the facts of the model that the form is for
---@field find fun(name: string|nil): table|nil the facts of a model, by any of its names

local STATUS = {
  INPUT = 422, P2000 = 422, P2003 = 422, P2011 = 422, P2020 = 422,
  P2018 = 404, P2025 = 404,
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
local BY_CODE = { P2000 = "too_long", P2011 = "required", P2018 = "not_found", P2020 = "out_of_range", P2025 = "not_found", P2034 = "conflict" }

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
  given = core.plain(given, what)
  for field, message in pairs(given) do
    if type(field) ~= "string" or type(message) ~= "string" then
      errors.raise("VALIDATION", "%s: expected a table of messages by field, such as { title = \"is already used\" }", what)
    end
  end
  return given
end

-- Raises the error that becomes the answer of an action.
local function refuse(status, messages, list)
  local first = next(messages or {})
  if first == nil then messages = nil end -- the message of the status
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

--- The messages, or the error of rille, that a function of the application has returned in place of a value.
function faults.returned(messages, what)
  if errors.is_error(messages) then error(messages, 0) end
  return refuse(422, check_messages(messages, what))
end

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

-- Deeper rows of an input are not looked at, nor more than MOST_ROWS.
local MOST_LEVELS, MOST_ROWS = 8, 1000

local collect

-- The new rows of a relation of the input.
local function collect_related(list, find, relation, row, path)
  local value = row[relation.name]
  local create = type(value) == "table" and value.create
  if type(create) ~= "table" then return end
  local model = find(relation.target)
  if not relation.list then return collect(list, find, model, create, path, relation.name .. ".") end
  for i, one in ipairs(create[1] == nil and { create } or create) do
    if type(one) == "table" then collect(list, find, model, one, path .. relation.name .. ".", i .. ".") end
  end
end

function collect(list, find, model, row, path, step)
  if not model or list.level == MOST_LEVELS or #list == MOST_ROWS then return end
  list[#list + 1] = { model = model, row = row, list = path, path = path .. step }
  list.level = list.level + 1
  for _, f in ipairs(model.fields) do
    if f.kind == "relation" then collect_related(list, find, f, row, path .. step) end
  end
  list.level = list.level - 1
end

-- The rows that the input makes, of all models or of that one: { model, row, path = "tags.2.", list = "tags." }, the outermost first.
local function rows_of(facts, input, name)
  local all, chosen = { level = 0 }, {}
  if type(input) == "table" and facts.model then collect(all, facts.find, facts.model, input, "", "") end
  for _, one in ipairs(all) do
    if not name or one.model.name == name then chosen[#chosen + 1] = one end
  end
  return chosen
end

-- The rows that give one of the fields; each has them as `given`.
local function rows_with(facts, input, name, fields)
  local chosen = {}
  for _, one in ipairs(rows_of(facts, input, name)) do
    one.given = given_among(fields, one.row)
    if #one.given > 0 then chosen[#chosen + 1] = one end
  end
  return chosen
end

-- The place of the form that all these rows have in common: the list that they are in. "base" if there is none.
local function common_list(rows)
  local list = rows[1] and rows[1].list or ""
  for _, one in ipairs(rows) do
    while one.list:sub(1, #list) ~= list do list = list:gsub("[^.]*%.$", "", 1) end
  end
  return list ~= "" and list:gsub("%.%d+%.$", "."):sub(1, -2) or "base"
end

-- Each of the next functions returns the code of a message for each field.

local function of_unique(e, input, facts)
  local target = type(e.meta.target) == "table" and e.meta.target or {}
  local own = not facts.model or facts.model.name == e.meta.model
  local rows = rows_with(facts, input, e.meta.model, target)
  if #rows > 1 then return { [common_list(rows)] = "taken" } end
  if #rows == 0 then return own and #target == 1 and { [target[1]] = "taken" } or { base = #target == 1 and "taken" or "taken_together" } end
  local codes = {}
  for _, name in ipairs(rows[1].given) do codes[rows[1].path .. name] = "taken" end
  return codes
end

-- The names by which a form chooses the row that a relation refers to.
local function names_of_relation(relation)
  local names = { relation.name }
  for i, name in ipairs(relation.own_fields or {}) do names[i + 1] = name end
  return names
end

local function of_relation(e, input, facts)
  if e.meta.missing then return { [e.meta.missing] = "missing_row" } end
  if e.meta.side == "referenced" then return { base = "in_use" } end
  local model = facts.find(e.meta.model)
  local relation = field_named(model, e.meta.field_name)
  local rows = relation and rows_with(facts, input, model.name, names_of_relation(relation)) or {}
  if #rows == 1 then return { [rows[1].path .. rows[1].given[1]] = "missing_row" } end
  if #rows > 1 then return { [common_list(rows)] = "missing_row" } end
  return { base = (e.meta.side or input ~= nil) and "missing_row" or "in_use" }
end

-- PostgreSQL does not say which value is too long.
local function of_length(e, input, facts)
  local codes = {}
  for _, one in ipairs(rows_of(facts, input)) do
    for _, f in ipairs(one.model.fields) do
      local value, most = one.row[f.name], (f.native == "VarChar" or f.native == "Char") and f.native_args and f.native_args[1]
      if most and type(value) == "string" and select(2, value:gsub("[^\128-\191]", "")) > most then codes[one.path .. f.name] = "too_long" end
    end
  end
  return next(codes) and codes or { [type(e.meta.field) == "string" and e.meta.field or "base"] = "too_long" }
end

local function of_null(e, input, facts)
  local target = type(e.meta.target) == "table" and e.meta.target[1]
  if not target then return { base = "required" } end
  local rows = rows_with(facts, input, e.meta.model, { target })
  if #rows == 0 then rows = rows_of(facts, input, e.meta.model) end
  if #rows == 0 and facts.model and facts.model.name ~= e.meta.model then return { base = "required" } end
  return { [#rows > 1 and common_list(rows) or (rows[1] and rows[1].path or "") .. target] = "required" }
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

local BY_FIELD = { P2000 = of_length, P2002 = of_unique, P2003 = of_relation, P2011 = of_null }

local function codes_of(e, input, facts)
  if BY_FIELD[e.code] and not e.meta.path then return BY_FIELD[e.code](e, input, facts) end
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
---@param facts rille.FormFacts
---@return table<string, string>
function faults.messages(e, list, input, facts)
  if e.meta.errors then return e.meta.errors end
  if e.code == "INPUT" and not e.meta.status then return { [field_of(e)] = words_of(e) } end
  local messages = {}
  for field, code in pairs(codes_of(e, input, facts)) do messages[field] = faults.word(list, code, field) end
  return messages
end

--- Returns the code of the answer.
function faults.code(e, status)
  if e.code == "INPUT" then return CODES[status] or "INPUT" end
  return status < 500 and e.code or "INTERNAL"
end

-- Whether the row that a relation of an input's row refers to is missing. Nil if that cannot be asked.
local function is_missing(tx, relation, row)
  local where = {}
  for i, name in ipairs(relation.own_fields) do
    if row[name] == nil or row[name] == core.null then return nil end
    where[relation.other_fields[i]] = row[name]
  end
  local asked, found = pcall(function() return tx[relation.target]:exists { where = where } end)
  return asked and not found
end

--- SQLite says only that some foreign key is broken. Asks which row that the input refers to is missing; the transaction goes on there. Returns its
--- place in the form, or nil.
---@param tx rille.Client
---@param e any
---@param input any
---@param facts rille.FormFacts
---@return string|nil
function faults.missing_parent(tx, e, input, facts)
  if not errors.is_error(e) or e.code ~= "P2003" or e.sqlstate or e.meta.side == "referenced" then return nil end
  for _, one in ipairs(rows_of(facts, input)) do
    for _, f in ipairs(one.model.fields) do
      if f.holds_key and #(f.own_fields or {}) > 0 and is_missing(tx, f, one.row) then return one.path .. f.own_fields[1] end
    end
  end
end

--- Returns the faults of an input as an answer may have them: without the values of fields that the client omits.
---@param list table[]|nil
---@param omitted table<string, boolean> names of fields
---@return table[]|nil
function faults.without(list, omitted)
  if not list then return nil end
  local copies = core.array {}
  for i, fault in ipairs(list) do
    local copy = {}
    for key, value in pairs(fault) do copy[key] = value end
    for step in fault.path:gmatch "[^.]+" do
      if omitted[step] then copy.value = nil end
    end
    copies[i] = copy
  end
  return copies
end

return faults
