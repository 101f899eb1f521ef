--- The store that processes share, from outside of them: rille.cache.stats, rille.cache.clear. The core asks the server.
local core = require "rille.core"
local options = require "rille.options"

local cache = {}

local STORE = options.declare("rille.CacheStoreOptions", {
  { "store", "string", required = true, doc = "the URL of a Redis server: redis://, rediss:// or unix://" },
  { "prefix", "string", filled = true, doc = 'of the keys; "rille:"' },
})

local function survey(method, given, clears)
  given = options.check(STORE, given, method)
  if given.store == "memory" then options.refuse(method .. ": store", "the URL of a Redis server", given.store) end
  return core.cache_survey(given.store, given.prefix, clears)
end

--- Counts what a Redis server has under a prefix, for all databases that use it. It looks at all keys of the server, a few hundred at a time, for a minute
--- at most. Blocks. Errors: VALIDATION, P1001 (the server cannot be reached, or refuses).
---@param given rille.CacheStoreOptions
---@return rille.CacheStoreStats
function cache.stats(given) return survey("rille.cache.stats", given, false) end

--- Makes everything that a Redis server has under a prefix stale, for all processes and all databases that use it, then removes the answers. What processes
--- keep in memory is not touched. Blocks. Errors: VALIDATION, P1001 (the server cannot be reached, or refuses; the message says whether it was told).
---@param given rille.CacheStoreOptions
---@return rille.CacheStoreStats as it was
function cache.clear(given) return survey("rille.cache.clear", given, true) end

return cache
