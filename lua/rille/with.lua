--- Derived clients: the same pool and schema, with something of their own.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"

local methods = client.methods
local STEPS = client.STEPS

local with = {}

local WITH = options.declare("rille.WithOptions", {
  { "tags", "table", such = '{ route = "/users" }', is = "table<string, string|number|boolean>", doc = "added to those the client has" },
  { "traceparent", "any", is = "string|fun(): string|nil", doc = "of its calls" },
  { "primary", "boolean", doc = "reads do not go to a replica" },
  { "session", "table", such = '{ ["app.tenant"] = "7" }', is = "table<string, string|number|boolean>",
    doc = "settings of PostgreSQL that hold in each transaction; calls outside become one" },
  { "timeout", "integer", least = 1, most = 2147483647, ms = true, doc = "milliseconds after which a call outside a transaction is cancelled (P1008)" },
})

--- What db:with does: by option, a function that puts what its value means into the options of core.derive; `from` is the client it
--- is derived from. What lies in derive.keep is kept by the new client object.
---@type table<string, fun(value: any, derive: table, from: rille.Client)>
with.options = {}

function with.options.primary(value, derive)
  derive.primary = value
end

-- A number as SQL writes it, all of it: a whole one is a key more often than not, also where a Lua has no integers.
local function setting_text(value)
  if type(value) ~= "number" then return tostring(value) end
  if value % 1 == 0 and value >= -2 ^ 53 and value <= 2 ^ 53 then return ("%.0f"):format(value) end
  local short = tostring(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

-- Names in their order, so that the same settings always make the same request.
function with.options.session(value, derive)
  local names, list = {}, {}
  value = core.plain(value, "with: `session`")
  for name, setting in pairs(value) do
    if type(name) ~= "string" then errors.raise("VALIDATION", "with: `session`: the names of settings are strings, not a %s", type(name)) end
    local kind = type(setting)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      options.refuse(("with: session[\"%s\"]"):format(name), "a string, a number or a boolean", setting)
    end
    if kind == "string" and setting:find("%z") then errors.raise("VALIDATION", "with: `session[\"%s\"]`: a setting has no zero bytes", name) end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    list[#list + 1] = name
    list[#list + 1] = setting_text(value[name])
  end
  derive.session = list
end

function with.options.timeout(value, derive)
  derive.timeout = value
end

--- A client over the same pool that differs in what the options say; it stays usable until it or this client is closed.
---@param given rille.WithOptions
---@return rille.Client
function methods:with(given)
  local scope = client.scope(self, "with")
  if self[client.IN_TRANSACTION] then
    errors.raise("VALIDATION", "with: a transaction keeps what its client has; derive first: db:with{...}:transaction(...)")
  end
  if given == nil then options.refuse("with", "a table of options", given) end
  options.check(WITH, given, "with")
  local derive = { keep = {} }
  for key, value in pairs(given) do with.options[key](value, derive, self) end
  local derived = client.wrap(core.derive(scope, derive), self[STEPS])
  for _, key in ipairs(client.inherited) do rawset(derived, key, self[key]) end
  for key, value in pairs(derive.keep) do rawset(derived, key, value) end
  return derived
end

--- A client whose reads go to the primary, whatever replicas there are.
---@return rille.Client
function methods:primary() return self:with { primary = true } end

return with
