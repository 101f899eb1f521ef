--- Derived clients: the same pool and schema, with something of their own.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local STEPS = client.STEPS

local with = {}

--- What db:with takes: by option, a function that checks its value and puts what it means into the options of core.derive.
---@type table<string, fun(value: any, derive: table)>
with.options = {}

function with.options.primary(value, derive)
  if type(value) ~= "boolean" then errors.raise("VALIDATION", "with: `primary`: true or false is wanted, not a %s", type(value)) end
  derive.primary = value
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
  local derive = {}
  for key, value in pairs(options) do with.options[key](value, derive) end
  return client.wrap(core.derive(scope, derive), self[STEPS])
end

--- A client whose reads go to the primary, whatever replicas there are.
---@return rille.Client
function methods:primary() return self:with { primary = true } end

return with
