--- Values that the application computes and the cache keeps: db:cached and db:page. rille.request: reads of one request run once.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local guarded = require "rille.guarded"
local options = require "rille.options"
local wait = require "rille.wait"

local methods = client.methods

local CACHED = options.declare("rille.CachedOptions", {
  { "key", "string", required = true, filled = true, doc = "the name of the value; with the arguments it identifies the value" },
  { "ttl", "number", required = true, least = 0.001, most = 1e9, doc = "seconds for which the value is given at most" },
  { "stale", "number", least = 0, most = 1e9, doc = "seconds after `ttl` in which the old value is given while one caller renews it: 0" },
  { "tags", "any", is = "string[]|fun(...): string[]", doc = "for db:revalidate_tag; or a function of the arguments" },
  { "auto", "boolean", doc = "false: writes do not make it stale, only `ttl` and `tags` do" },
})
local PAGE = options.declare("rille.CachedPageOptions", {
  { "ttl", "number", required = true, least = 0.001, most = 1e9, doc = "seconds for which the page is given at most" },
  { "stale", "number", least = 0, most = 1e9, doc = "seconds after `ttl` in which the old page is given while one caller renews it: 0" },
  { "tags", "strings", such = '{ "posts" }', is = "string[]", doc = "for db:revalidate_tag" },
  { "vary", "table", such = "{ language }", doc = "what else decides the page: one is kept for each combination" },
  { "auto", "boolean", doc = "false: writes do not make it stale, only `ttl`, `tags` and its path do" },
})

local function pack(...) return { n = select("#", ...), ... } end
local spread = table.unpack or unpack -- luacheck: ignore

-- What is open while a value is looked for and computed. Closed also if the coroutine is closed: others compute it then.
local Guard = {}
function Guard.__close(guard)
  wait.forget(guard)
  core.context_end(guard.context)
end

-- Those who wait get errors of rille. After any other error one of them computes again.
local function failed(context, e)
  if errors.is_error(e) then core.computation_fail(context, e.code, e.message) else core.computation_fail(context) end
  return error(e, 0)
end

-- In the coroutine that runs fn: where a host has replaced pcall, that is another one than the caller's.
local function inside(context, fn, ...)
  core.context_enter(context)
  return fn(...)
end

local function landed(context, what, ok, ...)
  core.context_leave(context)
  if not ok then return failed(context, (...)) end
  local packed, bytes = pcall(core.pack, pack(...), what)
  if not packed then return failed(context, bytes) end
  core.computation_land(context, bytes)
  return ...
end

local function obtain(guard, what, fn, ...)
  local context = guard.context
  while true do
    local state, a, b = core.computation_next(context)
    if state == "value" then
      local values = core.unpack(a)
      return spread(values, 1, values.n)
    elseif state == "compute" then
      return landed(context, what, pcall(inside, context, fn, ...))
    end
    wait.once(guard.scope, guard, state, a, b)
  end
end

-- The key of the chain of extensions, since their hooks may change what is read.
local function extensions_of(db) return client.EXTENSION_KEY and db[client.EXTENSION_KEY] or nil end

-- given: ttl, stale, tags, paths, by_ttl, label.
local function keep(db, what, key, given, fn, ...)
  local scope = client.scope(db, what)
  local hook = core.hook(scope)
  given.key = core.pack({ what, key, extensions_of(db) or false, pack(...) }, what)
  local context = core.computation(scope, given, not (hook and hook.ready()))
  local guard = setmetatable({ scope = scope, context = context }, Guard)
  return guarded(guard, obtain, guard, what, fn, ...)
end

local function tags_of(given, ...)
  local tags = given.tags
  if not options.is_callable(tags) then return tags end
  tags = tags(...)
  if type(tags) ~= "table" then options.refuse("cached: tags", "a function that returns a list of strings", tags) end
  for i, tag in ipairs(tags) do
    if type(tag) ~= "string" then options.refuse(("cached: tags[%d]"):format(i), "a string", tag) end
  end
  return tags
end

local function check_fn(what, fn)
  if not options.is_callable(fn) then options.refuse(what, "a function", fn) end
end

--- Returns a function that calls fn(...) once for each combination of arguments, and then returns what the cache has kept. The values depend on what fn
--- reads through rille: a write of it makes them stale. Arguments and values are nil, booleans, numbers, strings, decimals, rille's nulls, and tables of
--- these. In a transaction it calls fn each time. See docs/caching.md. Errors: VALIDATION (the options; a value of another type; a client without cache).
---@param fn fun(...): ...
---@param given rille.CachedOptions
---@return fun(...): ...
function methods:cached(fn, given)
  client.scope(self, "cached")
  check_fn("cached", fn)
  if given == nil then options.refuse("cached", 'a table of options, as in { key = "stats", ttl = 60 }', given) end
  options.check(CACHED, given, "cached")
  if type(given.tags) ~= "function" and given.tags ~= nil and type(given.tags) ~= "table" then
    options.refuse("cached: tags", "a list of strings, or a function that returns one", given.tags)
  end
  if self[client.IN_TRANSACTION] then return fn end
  return function(...)
    return keep(self, "cached", given.key, { ttl = given.ttl, stale = given.stale or 0, tags = tags_of(given, ...), by_ttl = given.auto == false,
      label = given.key }, fn, ...)
  end
end

--- Returns the page of a path, which fn() makes if it is not kept. It is stale after a write of what fn has read, after db:revalidate_path of its path, or
--- of a path above it with a star, and after `ttl`. In a transaction it calls fn each time. Errors: VALIDATION.
---@param path string "/posts"
---@param fn fun(): ...
---@param given rille.CachedPageOptions
---@return any page what fn returns
function methods:page(path, fn, given)
  client.scope(self, "page")
  if type(path) ~= "string" or not path:find "^/" or path:find "[%z*]" then
    options.refuse("page", 'a path such as "/posts", without a star', path, type(path) == "string" and ("%q"):format(path:sub(1, 60)) or nil)
  end
  check_fn("page", fn)
  if given == nil then options.refuse("page", "a table of options, as in { ttl = 60 }", given) end
  options.check(PAGE, given, "page")
  if self[client.IN_TRANSACTION] then return fn() end
  local key = { path, given.vary and core.plain(given.vary, "page: vary") or false }
  return keep(self, "page", key, { ttl = given.ttl, stale = given.stale or 0, tags = given.tags, paths = { path }, by_ttl = given.auto == false,
    label = path }, fn)
end

local Request = {}
function Request.__close(guard) core.context_end(guard.context) end

local cached = {}

--- Calls fn(...) and returns what it returns. Inside, a read of a model that has run already gives the same rows again, each time as new tables, until
--- something is written. Coroutines that fn starts are not part of it, and transactions are not either. Works without a cache.
---@param fn fun(...): ...
---@param ... any
---@return ...
function cached.request(fn, ...)
  check_fn("rille.request", fn)
  local guard = setmetatable({ context = core.request() }, Request)
  return guarded(guard, inside, guard.context, fn, ...)
end

return cached
