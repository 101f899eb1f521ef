--- Derived clients: the same pool and schema, with other options.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local input = require "rille.input"
local options = require "rille.options"

local methods = client.methods
local SHARED, IN_TRANSACTION = client.SHARED, client.IN_TRANSACTION

local with = {}

local WITH = options.declare("rille.WithOptions", {
  { "tags", "table", such = '{ route = "/users" }', is = "table<string, string|number|boolean>", doc = "added to those of the client" },
  { "traceparent", "any", is = "string|fun(): string|nil", doc = "of its calls" },
  { "primary", "boolean", doc = "reads do not go to a replica" },
  { "session", "table", such = '{ ["app.tenant"] = "7" }', is = "table<string, string|number|boolean>",
    doc = "settings of the session that hold in each transaction; calls outside become one" },
  { "timeout", "integer", least = 1, most = 2147483647, ms = true, doc = "milliseconds after which a call outside a transaction is cancelled (P1008)" },
  { "scope", "table", such = '{ ["*"] = { tenantId = 7 } }', is = "table<string, table>",
    doc = "conditions, by model, on all rows that calls of this client reach; `*` is every model" },
  { "except", "table", is = "string[]", such = '{ "country" }', doc = "models to which `*` of the scope does not apply, since they lack its fields" },
  { "unscoped", "boolean", doc = "raw SQL, which sees all rows, is allowed although the client has a scope" },
  { "messages", "any", is = "table<string, string>|fun(fault: rille.InputFault): string|nil", doc = "messages of `input`, before those of the client" },
})

--- The options of db:with: for each, a function that sets the options of core.derive from its value; `from` is the client it is derived from.
--- derive.shared replaces what the clients share.
---@type table<string, fun(value: any, derive: table, from: rille.Client)>
with.options = {}

function with.options.primary(value, derive)
  derive.primary = value
end

-- A number as in SQL, with all digits: an integral value is usually a key, also in a Lua without integers.
local function setting_text(value)
  if type(value) ~= "number" then return tostring(value) end
  if value % 1 == 0 and value >= -2 ^ 53 and value <= 2 ^ 53 then return ("%.0f"):format(value) end
  local short = tostring(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

-- Names sorted, so that the same settings always give the same statement.
function with.options.session(value, derive)
  local names, list = {}, {}
  value = core.plain(value, "with: `session`")
  for name, setting in pairs(value) do
    if type(name) ~= "string" then errors.raise("VALIDATION", "with: session: the names of settings must be strings, got a %s", type(name)) end
    local kind = type(setting)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      options.refuse(("with: session[\"%s\"]"):format(name), "a string, a number or a boolean", setting)
    end
    if kind == "string" and setting:find("%z") then errors.raise("VALIDATION", "with: session[\"%s\"]: a setting cannot contain zero bytes", name) end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    list[#list + 1] = name
    list[#list + 1] = setting_text(value[name])
  end
  derive.session = list
end

-- The core checks it: its models and fields, and that no condition is missing.
function with.options.scope(value, derive) derive.scope = value end

function with.options.except(value, derive) derive.except = core.plain(value, "with: `except`") end

function with.options.unscoped(value, derive) derive.unscoped = value end

function with.options.timeout(value, derive)
  derive.timeout = value
end

function with.options.messages(value, derive, from)
  derive.messages = input.messages(value, "with: messages", core.messages(client.scope(from, "with")))
end

--- Returns a client over the same pool with other options. It can be used until it, or this client, is closed.
---@param given rille.WithOptions
---@return rille.Client
function methods:with(given)
  local scope = client.scope(self, "with")
  if self[IN_TRANSACTION] then
    errors.raise("VALIDATION", "with: a transaction keeps the options of its client; derive first: db:with{...}:transaction(...)")
  end
  if given == nil then options.refuse("with", "a table of options", given) end
  options.check(WITH, given, "with")
  local derive = {}
  for key, value in next, given do with.options[key](value, derive, self) end
  return client.wrap(core.derive(scope, derive), derive.shared or self[SHARED])
end

--- Returns a client whose reads go to the primary, never to replicas.
---@return rille.Client
function methods:primary() return self:with { primary = true } end

return with
