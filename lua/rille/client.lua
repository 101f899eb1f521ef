--- The client object: models by their names, and what else can be asked of a database.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local hooks = require "rille.hooks"
local meanings = require "rille.meanings"
local options = require "rille.options"
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

--- What other files add to rille.connect: check(given) before anything is opened, and open(db, checked), which returns the client object.
---@type { check: fun(given: table): any, open: fun(db: rille.Client, checked: any): rille.Client }[]
client.opening = {}

--- Keys under which a client object keeps what derived ones have as well.
client.inherited = {}

local POOL = options.declare("rille.PoolOptions", {
  { "size", "integer", least = 1, most = 100000, doc = "connections that may be open at most" },
  { "wait", "integer", least = 1, most = 2147483647, ms = true, doc = "how long a call waits for one: 5000; then P2024" },
  { "idle", "integer", least = 1, most = 2147483647, ms = true, doc = "how long one stays open that nobody uses" },
  { "max_lifetime", "integer", least = 1, most = 2147483647, ms = true, doc = "after which one is replaced" },
})
local POOL_KEYS = { size = "pool_size", wait = "pool_wait", idle = "pool_idle", max_lifetime = "pool_lifetime" }

local CONNECT = options.declare("rille.ConnectOptions", {
  { "schema", "string", doc = "a file, or a folder of *.prisma files; found by convention when absent" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "else that of the datasource block, else DATABASE_URL" },
  { "pool", "table", such = "{ size = 10 }", is = "rille.PoolOptions", doc = "the connections that all clients of the URL share" },
  { "replicas", "strings", such = '{ "<url>" }',
    doc = "URLs of servers that replay what happens at `url`, for reads outside transactions; those after a write of this client see it" },
  { "strict_where", "boolean", doc = "reads refuse an empty where too" },
  { "omit", "table", such = "{ user = { password = true } }", is = "table<string, table<string, boolean>>",
    doc = "fields that are left out unless selected: { user = { password = true } }" },
  { "keep_nulls", "boolean", doc = "NULL comes as rille.null instead of being absent" },
  { "wait", "any", is = '"cqueues"|"luv"|"copas"|rille.WaitFunction|rille.WaitHook', doc = "calls in coroutines let the others of the scheduler go on" },
  { "log", "any", is = "string|string[]|fun(event: rille.Event)",
    doc = "event names whose events are lines on stderr, or a function that gets all" },
  { "log_params", "boolean", doc = "false: neither log nor events have the values of statements" },
  { "slow_ms", "number", least = 1, most = 2147483647, ms = true, is = "integer", doc = "from how many milliseconds on a statement is slow: 200" },
  { "n_plus_one", "any", is = 'false|"warn"|"error"|rille.NPlusOneOptions', doc = "reads that one call could have done together" },
  { "metrics", "boolean", doc = "figures by model and action in db:metrics()" },
  { "tags", "table", such = '{ route = "/users" }', is = "table<string, string|number|boolean>",
    doc = "of all statements, as a comment of sqlcommenter" },
  { "traceparent", "any", is = "string|fun(): string|nil", doc = "of all calls" },
})

-- { user = { password = true } } as { "user.password" }
local function omit_list(omit, schema)
  if omit == nil then return nil end
  local list = {}
  for name, fields in pairs(core.plain(omit, "rille.connect: omit")) do
    local model, near = core.schema_model(schema, tostring(name))
    local path = "rille.connect: omit." .. tostring(name)
    if not model then errors.raise("VALIDATION", "%s: the schema has no such model%s", path, near and ("; did you mean `%s`?"):format(near) or "") end
    if type(fields) ~= "table" then options.refuse(path, "a table such as { password = true }", fields) end
    for field, yes in pairs(core.plain(fields, path)) do
      if type(yes) ~= "boolean" then options.refuse(("%s.%s"):format(path, tostring(field)), "a boolean", yes) end
      if yes then list[#list + 1] = model .. "." .. tostring(field) end
    end
  end
  table.sort(list)
  return list
end

--- Opens a client. Nothing is sent yet: the first call connects. Errors: P1012 (schema), P1013 (URL), VALIDATION (options).
---@param given? rille.ConnectOptions
---@return rille.Client
function client.connect(given)
  given = options.check(CONNECT, given, "rille.connect")
  local checked = {}
  for i, addition in ipairs(client.opening) do checked[i] = addition.check(given) or false end
  local schema, url = config.resolve(given)
  local open = { schema = schema, url = url, omit = omit_list(given.omit, schema), strict_where = given.strict_where, keep_nulls = given.keep_nulls }
  open.hook = hooks.resolve(given.wait)
  open.replicas = given.replicas and core.plain(given.replicas, "rille.connect: replicas")
  for key, value in pairs(options.check(POOL, given.pool, "rille.connect: pool")) do open[POOL_KEYS[key]] = value end
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
