--- Derived clients: the same pool and schema, with something of their own.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local STEPS = client.STEPS

local with = {}

--- What db:with takes: by option, a function that checks its value and puts what it means into the options of core.derive; `from` is the client it
--- is derived from. What lies in derive.keep is kept by the new client object.
---@type table<string, fun(value: any, derive: table, from: rille.Client)>
with.options = {}

function with.options.primary(value, derive)
  if type(value) ~= "boolean" then errors.raise("VALIDATION", "with: `primary`: true or false is wanted, not a %s", type(value)) end
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
  if type(value) ~= "table" then
    errors.raise("VALIDATION", "with: `session`: a table such as { [\"app.tenant\"] = \"7\" } is wanted, not a %s", type(value))
  end
  local names, list = {}, {}
  value = core.plain(value, "with: `session`")
  for name, setting in pairs(value) do
    if type(name) ~= "string" then errors.raise("VALIDATION", "with: `session`: the names of settings are strings, not a %s", type(name)) end
    local kind = type(setting)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      errors.raise("VALIDATION", "with: `session[\"%s\"]`: a string, a number or a boolean is wanted, not a %s", name, kind)
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
  if type(value) ~= "number" or value < 1 or value > 2147483647 or value % 1 ~= 0 then
    errors.raise("VALIDATION", "with: `timeout`: a whole number of milliseconds from 1 on is wanted")
  end
  derive.timeout = value
end

--- A client over the same pool that differs in what the options say; it stays usable until it or this client is closed.
---@param options rille.WithOptions
---@return rille.Client
function methods:with(options)
  local scope = client.scope(self, "with")
  if self[client.IN_TRANSACTION] then
    errors.raise("VALIDATION", "with: a transaction keeps what its client has; derive first: db:with{...}:transaction(...)")
  end
  if type(options) ~= "table" then errors.raise("VALIDATION", "with takes a table of options, not a %s", type(options)) end
  errors.check_keys(options, with.options, "with")
  local derive = { keep = {} }
  for key, value in pairs(options) do with.options[key](value, derive, self) end
  local derived = client.wrap(core.derive(scope, derive), self[STEPS])
  for _, key in ipairs(client.inherited) do rawset(derived, key, self[key]) end
  for key, value in pairs(derive.keep) do rawset(derived, key, value) end
  return derived
end

--- A client whose reads go to the primary, whatever replicas there are.
---@return rille.Client
function methods:primary() return self:with { primary = true } end

return with
