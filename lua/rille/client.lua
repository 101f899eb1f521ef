--- The client object: models by name, and the methods of clients.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local hooks = require "rille.hooks"
local input = require "rille.input"
local meanings = require "rille.meanings"
local options = require "rille.options"
local prometheus = require "rille.prometheus"
local wait = require "rille.wait"

local client = {}

--- The key of the scope in a client object.
client.SCOPE = {}
local SCOPE = client.SCOPE

--- The key of what a client shares with its transactions and with clients derived from it: `steps`, the functions that its methods use, those of the core or
--- of rille.wait if it is cooperative; `observer`; `omitted`, the set of names of omitted fields of all models; `tags`.
client.SHARED = {}
local SHARED = client.SHARED

--- Methods of client and transaction objects. Other files add more.
---@type table<string, function>
client.methods = {}
local methods = client.methods

--- Returns the scope of a client object. Raises if it is not one.
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

-- Methods of clients that have the name of a model, by model.
local hidden = setmetatable({}, { __mode = "k" })

--- Returns a model by any of its names. Raises if there is none.
---@param scope userdata
---@param name string
---@return userdata
function client.find_model(scope, name)
  local model, near = core.model(scope, name)
  if not model then unknown(scope, name, near) end
  return model
end

-- Looks up a model or a method once, and then it is a field of the object. A model hides a method of the same name; calling the model calls the method.
local function index(db, name)
  local method, scope = methods[name], db[SCOPE]
  if method and not core.has_model(scope, name) then
    db[name] = method
    return method
  end
  if type(name) ~= "string" then return nil end
  local model, near = core.model(scope, name)
  if not model then unknown(scope, name, near) end
  if method then hidden[model] = method end
  db[name] = model
  return model
end

-- db:batch(...) where a model is called `batch`.
core.set_model_call(function(model, ...)
  local method = hidden[model]
  if method then return errors.pass(method(...)) end
  errors.raise("VALIDATION", "%s is not a method; call a method of it, as in db.user:find_many{ ... }", tostring(model))
end)

local function describe(db)
  local ok, provider = pcall(core.provider, rawget(db, SCOPE))
  return ok and ("rille.Client(%s)"):format(provider) or "rille.Client(closed)"
end

--- The metatable of client objects. Clients in development have another one until their first call.
local metatable = { __index = index, __tostring = describe, __name = "rille.Client" }
function metatable.__close(db) db:close() end

client.metatable = metatable

--- The key of the frame (rille.transaction) in a transaction object; true if another part of rille ends the transaction; false in a client object.
client.IN_TRANSACTION = {}
local IN_TRANSACTION = client.IN_TRANSACTION

--- Returns a client object for a scope.
---@param scope userdata
---@param shared table
---@param frame? table|boolean of a transaction
---@return rille.Client
function client.wrap(scope, shared, frame)
  return setmetatable({ [SCOPE] = scope, [SHARED] = shared, [IN_TRANSACTION] = frame or false }, metatable)
end

--- The clients of rille.connect that have not been collected. Some of them are closed.
---@type table<rille.Client, true>
client.open = setmetatable({}, { __mode = "k" })

--- Additions of other files to rille.connect: check(given) runs before anything is opened, open(db, checked) returns the client object.
---@type { check: fun(given: table): any, open: fun(db: rille.Client, checked: any): rille.Client }[]
client.opening = {}

--- Returns the options of rille.connect with those of development added; rille.development replaces it.
---@param given rille.ConnectOptions
---@return rille.ConnectOptions
function client.in_development(given) return given end

local POOL = options.declare("rille.PoolOptions", {
  { "size", "integer", least = 1, most = 100000, doc = "maximum number of open connections" },
  { "wait", "integer", least = 1, most = 2147483647, ms = true, doc = "how long a call waits for a connection: 5000; then P2024" },
  { "idle", "integer", least = 1, most = 2147483647, ms = true, doc = "how long an unused connection stays open" },
  { "max_lifetime", "integer", least = 1, most = 2147483647, ms = true, doc = "age at which a connection is replaced" },
})
local POOL_KEYS = { size = "pool_size", wait = "pool_wait", idle = "pool_idle", max_lifetime = "pool_lifetime" }

local CACHE = options.declare("rille.CacheOptions", {
  { "store", "string", doc = '"memory", of this process; or the URL of a Redis server, which processes share' },
  { "max_bytes", "integer", least = 1, most = 1125899906842624, doc = "all that is kept, with what belongs to it: 64 MiB; the largest of all clients counts" },
  { "max_entry", "integer", least = 1, most = 1125899906842624, doc = "an answer with more bytes is not kept: 1 MiB" },
  { "listen_url", "string", doc = "where to listen for writes of others, if `url` is that of a pooler" },
  { "prefix", "string", doc = "of keys in a store that others use too" },
})

local CONNECT = options.declare("rille.ConnectOptions", {
  { "schema", "string", doc = "a file, or a folder of *.prisma files; by default found by convention" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "by default that of the datasource block, or DATABASE_URL" },
  { "pool", "table", such = "{ size = 10 }", is = "rille.PoolOptions", doc = "the pool that all clients of the URL share" },
  { "replicas", "strings", such = '{ "<url>" }',
    doc = "URLs of servers that follow the one of `url`, for reads outside transactions; reads after a write of this client see it" },
  { "strict_where", "boolean", doc = "reads reject an empty `where` too" },
  { "omit", "table", such = "{ user = { password = true } }", is = "table<string, table<string, boolean>>",
    doc = "fields that are left out unless selected: { user = { password = true } }" },
  { "keep_nulls", "boolean", doc = "NULL is returned as rille.null instead of being absent" },
  { "wait", "any", is = '"cqueues"|"luv"|"copas"|rille.WaitFunction|rille.WaitHook', doc = "while a call in a coroutine waits, other coroutines run" },
  { "log", "any", is = "string|string[]|fun(event: rille.Event)",
    doc = "names of events that become lines on stderr, or a function that receives all events" },
  { "log_params", "boolean", doc = "false: log and events contain no values of statements" },
  { "slow_ms", "number", least = 1, most = 2147483647, ms = true, is = "integer", doc = "milliseconds from which on a statement is slow: 200" },
  { "cache", "any", is = "boolean|rille.CacheOptions", doc = "reads may ask the cache of this process, with `cache = { ttl = 60 }`" },
  { "development", "boolean", doc = "strict rows and warnings; by default true if the environment has RILLE_ENV=development" },
  { "n_plus_one", "any", is = 'false|"warn"|"error"|rille.NPlusOneOptions', doc = "reads that one call could have done together" },
  { "metrics", "boolean", doc = "metrics by model and action in db:metrics()" },
  { "tags", "table", such = '{ route = "/users" }', is = "table<string, string|number|boolean>",
    doc = "added to all statements as a comment of sqlcommenter" },
  { "traceparent", "any", is = "string|fun(): string|nil", doc = "the traceparent of all calls" },
  { "messages", "any", is = "table<string, string>|fun(fault: rille.InputFault): string|nil",
    doc = "messages of `input`, by code, or a function that returns one" },
})

-- Returns { user = { password = true } } as { "user.password" }.
local function omit_list(omit, schema)
  if omit == nil then return nil end
  local list = {}
  for name, fields in pairs(core.plain(omit, "rille.connect: omit")) do
    local model, near = core.schema_model(schema, tostring(name))
    local path = "rille.connect: omit." .. tostring(name)
    if not model then errors.raise("VALIDATION", "%s: the schema has no such model%s", path, near and ("; did you mean `%s`?"):format(near) or "") end
    if type(fields) ~= "table" then options.refuse(path, "a table, as in { password = true }", fields) end
    for field, yes in pairs(core.plain(fields, path)) do
      if type(yes) ~= "boolean" then options.refuse(("%s.%s"):format(path, tostring(field)), "a boolean", yes) end
      if yes then list[#list + 1] = model .. "." .. tostring(field) end
    end
  end
  table.sort(list)
  return list
end

-- Returns the options of the cache; nil: the client has none.
local function cache_options(given)
  if given == nil or given == false then return nil end
  if given == true then return {} end
  if type(given) ~= "table" then options.refuse("rille.connect: cache", "a boolean or a table of options", given) end
  return options.check(CACHE, given, "rille.connect: cache")
end

local function omitted_names(list)
  local names = {}
  for _, path in ipairs(list or {}) do names[path:match "%.(.*)$"] = true end
  return names
end

--- Opens a client. The first call connects. Errors: P1012 (schema), P1013 (URL), VALIDATION (options).
---@param given? rille.ConnectOptions
---@return rille.Client
function client.connect(given)
  given = options.check(CONNECT, given, "rille.connect")
  given = client.in_development(given)
  local checked, messages = {}, input.messages(given.messages, "rille.connect: messages")
  for i, addition in ipairs(client.opening) do checked[i] = addition.check(given) or false end
  local schema, url = config.resolve(given)
  local open = { schema = schema, url = url, omit = omit_list(given.omit, schema), strict_where = given.strict_where, keep_nulls = given.keep_nulls,
    messages = messages }
  open.strict_rows = given.development
  open.cache = cache_options(given.cache)
  open.hook = hooks.resolve(given.wait)
  open.replicas = given.replicas and core.plain(given.replicas, "rille.connect: replicas")
  for key, value in pairs(options.check(POOL, given.pool, "rille.connect: pool")) do open[POOL_KEYS[key]] = value end
  local db = client.wrap(core.open(open), { steps = open.hook and wait or core, omitted = omitted_names(open.omit) })
  client.open[db] = true
  for i, addition in ipairs(client.opening) do db = addition.open(db, checked[i]) end
  return db
end

--- Closes the client. May be called twice. The pool is closed with the last client of the process that uses it.
function methods:close()
  local scope = client.scope(self, "close")
  if self[client.IN_TRANSACTION] then
    errors.raise("P2028", "Transaction error: a transaction cannot be closed; it ends when its function returns or raises")
  end
  core.close(scope)
end

--- The same as close.
methods.disconnect = methods.close

--- Returns metrics of the pool, of the pools of the replicas, of the plan cache, of the calls that have ended (operations, statements without BEGIN and
--- COMMIT, round_trips) and of events; with `metrics = true` in rille.connect also of each action of each model. "prometheus": the same as text.
---@param format? "prometheus"
---@return rille.Metrics|string
function methods:metrics(format)
  local scope = client.scope(self, "metrics")
  if format ~= nil and format ~= "prometheus" then
    options.refuse("metrics", '"prometheus" or nil', format, type(format) == "string" and ('"%s"'):format(format) or nil)
  end
  local metrics = core.metrics(scope)
  metrics.actions = core.action_stats(scope)
  metrics.cache = core.cache_stats(scope)
  return format and prometheus(metrics) or metrics
end

return client
