--- The client object: models by their names, and what else can be asked of a database.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local hooks = require "rille.hooks"
local meanings = require "rille.meanings"
local prometheus = require "rille.prometheus"
local wait = require "rille.wait"

local client = {}

--- The key under which a client object keeps its scope of the core.
client.SCOPE = {}
local SCOPE = client.SCOPE

--- The key of what its methods are made of: functions of the core, or of rille.wait when it is cooperative.
client.STEPS = {}
local STEPS = client.STEPS

--- Methods of client and transaction objects; other files add theirs.
---@type table<string, function>
client.methods = {}
local methods = client.methods

--- The scope of a client object; an error when it is none.
---@param db any
---@param method string
---@return userdata
function client.scope(db, method)
  local scope = type(db) == "table" and rawget(db, SCOPE)
  if not scope then
    errors.raise("VALIDATION", "%s is a method: call it with a colon, as in db:%s(...), not with a dot", method, method)
  end
  return scope
end

local function unknown(scope, name, near)
  local meant = meanings.of(name, methods) or not near and errors.nearest(name, methods)
  local text = meant and ("; did you mean db:%s?"):format(meant) or near and ("; did you mean `%s`?"):format(near) or ""
  local meta = { model = name, models = core.models(scope) }
  error(errors.new("VALIDATION", ("the schema has no model `%s`%s"):format(name, text), meta), 0)
end

-- The methods that lie behind models of the same name.
local behind = setmetatable({}, { __mode = "k" })

-- A model is looked up once and then is a plain field of the object. It comes before a method of its name, which calling the model reaches.
local function index(db, name)
  local method, scope = methods[name], rawget(db, SCOPE)
  if method and not core.has_model(scope, name) then return method end
  if type(name) ~= "string" then return nil end
  local model, near = core.model(scope, name)
  if not model then unknown(scope, name, near) end
  behind[model] = method
  rawset(db, name, model)
  return model
end

-- db:batch(...) where a model is called `batch`.
core.set_model_call(function(model, ...)
  local method = behind[model]
  if method then return errors.pass(method(...)) end
  errors.raise("VALIDATION", "%s is no method: call one of its own, as in db.user:find_many{ ... }", tostring(model))
end)

local function describe(db)
  local ok, provider = pcall(core.provider, rawget(db, SCOPE))
  return ok and ("rille.Client(%s)"):format(provider) or "rille.Client(closed)"
end

local metatable = { __index = index, __tostring = describe, __name = "rille.Client" }
function metatable.__close(db) db:close() end

--- The key by which transaction objects are known: their frame, which is rille.transaction's, or true where another part ends the transaction.
client.IN_TRANSACTION = {}
local IN_TRANSACTION = client.IN_TRANSACTION

--- Makes the object for a scope of the core.
---@param scope userdata
---@param steps table
---@param frame? table|true of a transaction
---@return rille.Client
function client.wrap(scope, steps, frame)
  return setmetatable({ [SCOPE] = scope, [STEPS] = steps, [IN_TRANSACTION] = frame }, metatable)
end

--- The clients that rille.connect has opened and nobody has dropped yet, some of them closed.
---@type table<rille.Client, true>
client.open = setmetatable({}, { __mode = "k" })

--- What other files add to rille.connect: `keys` of its options, check(options) before anything is opened, and open(db, checked), which returns the
--- client object.
---@type { keys: string[], check: fun(options: table): any, open: fun(db: rille.Client, checked: any): rille.Client }[]
client.opening = {}

--- Keys under which a client object keeps what derived ones have as well.
client.inherited = {}

local CONNECT = { schema = 1, schema_text = 1, url = 1, pool = 1, strict_where = 1, omit = 1, keep_nulls = 1, wait = 1, replicas = 1 }
local POOL = { size = "pool_size", wait = "pool_wait", idle = "pool_idle", max_lifetime = "pool_lifetime" }
local POOL_MOST = { size = 100000, wait = 2147483647, idle = 2147483647, max_lifetime = 2147483647 }

local function check_flag(options, key)
  local value = options[key]
  if value ~= nil and type(value) ~= "boolean" then errors.raise("VALIDATION", "`%s`: true or false is wanted, not a %s", key, type(value)) end
  return value
end

-- Of the pool. 0 would be the default to the core, and to a reader of the program it could be anything.
local function check_limit(key, value)
  if type(value) == "number" and value >= 1 and value <= POOL_MOST[key] and value % 1 == 0 then return value end
  errors.raise("VALIDATION", "`pool.%s`: a whole number%s from 1 to %d is wanted", key, key == "size" and "" or " of milliseconds", POOL_MOST[key])
end

-- { user = { password = true } } as { "user.password" }
local function omit_list(omit, schema)
  if omit == nil then return nil end
  if type(omit) ~= "table" then errors.raise("VALIDATION", "`omit`: a table such as { user = { password = true } } is wanted") end
  local list = {}
  for name, fields in pairs(core.plain(omit, "`omit`")) do
    local model, near = core.schema_model(schema, tostring(name))
    if not model then
      errors.raise("VALIDATION", "`omit.%s`: the schema has no such model%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
    end
    if type(fields) ~= "table" then errors.raise("VALIDATION", "`omit.%s`: a table such as { password = true } is wanted", name) end
    for field, yes in pairs(core.plain(fields, ("`omit.%s`"):format(name))) do
      if type(yes) ~= "boolean" then
        errors.raise("VALIDATION", "`omit.%s.%s`: true or false is wanted, not a %s", name, tostring(field), type(yes))
      end
      if yes then list[#list + 1] = model .. "." .. tostring(field) end
    end
  end
  table.sort(list)
  return list
end

local function check_additions(options)
  local known, checked = {}, {}
  for key in pairs(CONNECT) do known[key] = 1 end
  for _, addition in ipairs(client.opening) do
    for _, key in ipairs(addition.keys) do known[key] = 1 end
  end
  errors.check_keys(options, known, "rille.connect")
  for i, addition in ipairs(client.opening) do checked[i] = addition.check(options) or false end
  return checked
end

local function replica_list(replicas)
  if replicas == nil then return nil end
  if type(replicas) ~= "table" then errors.raise("VALIDATION", "`replicas`: a list of URLs is wanted, as in { \"postgresql://...\" }") end
  replicas = core.plain(replicas, "`replicas`")
  for key, url in pairs(replicas) do
    if type(key) ~= "number" or type(url) ~= "string" then errors.raise("VALIDATION", "`replicas`: a list of URLs is wanted, and nothing else") end
  end
  return replicas
end

--- Opens a client. Nothing is sent yet: the first call connects.
---@param options? rille.ConnectOptions
---@return rille.Client
function client.connect(options)
  options = options or {}
  if type(options) ~= "table" then errors.raise("VALIDATION", "rille.connect takes a table of options, not a %s", type(options)) end
  local checked = check_additions(options)
  local schema, url = config.resolve(options)
  local open = { schema = schema, url = url, omit = omit_list(options.omit, schema) }
  open.strict_where = check_flag(options, "strict_where")
  open.keep_nulls = check_flag(options, "keep_nulls")
  open.hook = hooks.resolve(options.wait)
  open.replicas = replica_list(options.replicas)
  if options.pool ~= nil then
    if type(options.pool) ~= "table" then errors.raise("VALIDATION", "`pool`: a table such as { size = 10 } is wanted") end
    errors.check_keys(options.pool, POOL, "`pool`")
    for key, value in pairs(options.pool) do open[POOL[key]] = check_limit(key, value) end
  end
  local db = client.wrap(core.open(open), open.hook and wait or core)
  client.open[db] = true
  for i, addition in ipairs(client.opening) do db = addition.open(db, checked[i]) end
  return db
end

--- Closes the client; calling it again does nothing. The pool closes with the last client of the process that shares it.
function methods:close()
  local scope = client.scope(self, "close")
  if self[client.IN_TRANSACTION] then
    errors.raise("P2028", "Transaction error: a transaction is not closed; it ends when its function returns or raises")
  end
  core.close(scope)
end

--- The same as close.
methods.disconnect = methods.close

--- Figures of the pool, of the pools of the replicas, of the plan cache, of the calls that have ended (operations, statements without BEGIN and COMMIT,
--- round_trips) and of events; with `metrics = true` in rille.connect also of each action of each model. "prometheus": the same as text for Prometheus.
---@param format? "prometheus"
---@return rille.Metrics|string
function methods:metrics(format)
  local scope = client.scope(self, "metrics")
  if format ~= nil and format ~= "prometheus" then
    errors.raise("VALIDATION", "metrics: there is no format `%s`; there is \"prometheus\", and without one a table is returned", tostring(format))
  end
  local figures = core.figures(scope)
  figures.actions = core.action_stats(scope)
  return format and prometheus(figures) or figures
end

return client
