--- Extensions: db:extend{...} returns a client with more methods, computed fields, and functions around calls and writes.
local core = require "rille.core"
local chain = require "rille.extend.chain"
local client = require "rille.client"
local definition = require "rille.extend.definition"
local errors = require "rille.errors"
local model = require "rille.extend.model"
local options = require "rille.options"

local methods = client.methods
local pass = errors.pass

-- The keys of the chain of extensions, and of the facts of the models, in a client object.
local CHAIN, FACTS = {}, {}

--- The key of a string in a client object, for caches of what functions of the client return: it is the same for two clients if, and only if, the same
--- functions are around the same calls (`query`). nil: there are none. Other parts of extensions need no key: reads with `cache` run inside the functions of
--- `query`, with the arguments that these pass on, and computed fields are computed after. It is unique in the process, and among processes.
client.EXTENSION_KEY = {}

--- The key of a number in a client object: how many hooks of writes are running one inside another. nil: none.
client.HOOK_DEPTH = {}

local overrides = {}

local function find_model(db, scope, name, method)
  local raw = client.find_model(scope, name)
  local own = rawget(db, CHAIN)
  local wrapped = model.wrap(db, own:info(scope, core.model_name(raw)), raw, method)
  rawset(db, name, wrapped)
  return wrapped
end

-- Looks up a model once, and then it is a field of the object.
local function index(db, name)
  local scope = rawget(db, client.SCOPE)
  local method = rawget(db, CHAIN).methods[name] or overrides[name] or methods[name]
  if method and not core.has_model(scope, name) then return method end
  if type(name) ~= "string" then return nil end
  return find_model(db, scope, name, method)
end

local metatable = {}
for key, value in pairs(client.metatable) do metatable[key] = value end
metatable.__index = index

-- Makes a client object one of a chain. It has no models yet.
local function dress(db, own)
  rawset(db, CHAIN, own)
  rawset(db, FACTS, own.facts)
  rawset(db, client.EXTENSION_KEY, own.key)
  return setmetatable(db, metatable)
end

-- The same transaction for a chain.
local function same_scope(db, own)
  return dress(client.wrap(rawget(db, client.SCOPE), rawget(db, client.STEPS), rawget(db, client.IN_TRANSACTION)), own)
end

function overrides.transaction(self, fn, given)
  local own = rawget(self, CHAIN)
  if not options.is_callable(fn) then return pass(methods.transaction(self, fn, given)) end
  local depth = rawget(self, client.HOOK_DEPTH)
  return pass(methods.transaction(self, function(tx)
    local extended = dress(tx, own)
    rawset(extended, client.HOOK_DEPTH, depth)
    return fn(extended)
  end, given))
end

function overrides.with(self, given) return dress(methods.with(self, given), rawget(self, CHAIN)) end

--- Returns a client with an extension: methods of models (`model`) and of the client (`client`), functions around calls (`query`), computed fields (`result`)
--- and functions before and after each row that is written (`write`). It has the same pool and options, and may be extended again; this client stays as it
--- is. See docs/extending.md. Errors: VALIDATION (unknown models, methods and fields, wrong types).
---@param given rille.ExtendOptions
---@return rille.Client
function methods:extend(given)
  local scope = client.scope(self, "extend")
  local earlier, cache = rawget(self, CHAIN), rawget(self, FACTS)
  if not cache then
    cache = {}
    rawset(self, FACTS, cache)
  end
  local own = definition.check(given, scope, cache, function(name)
    return earlier and name ~= "*" and earlier:computed_names(scope, name) or {}
  end)
  local new = chain.new(earlier, own, cache)
  for name in pairs(own.result) do
    if name ~= "*" then new:info(scope, name) end -- raises if a computed field needs itself
  end
  if rawget(self, client.IN_TRANSACTION) then return same_scope(self, new) end
  return dress(methods.with(self, {}), new)
end

--- Returns the model of the core for a method that no extension changes; nil for all others.
function client.untouched_model(one, method)
  if type(one) ~= "table" then return one end
  return model.untouched(one, method)
end

return methods
