--- `rille cache ...`: the triggers that tell caches about writes of other programs; what a store has; making everything stale.
local rille = require "rille"
local tools = rille.tools
local config, errors = tools.config, tools.errors
local database = require "rille.command.database"

local function run_triggers(call)
  local args, out = call.args, call.out
  local result = rille.migrate.cache_triggers(call:options { migrations = args.migrations, name = args.name, drop = args.drop or nil })
  if result.created then
    out:done("written, not applied: %s", result.created)
    out:line "Apply it with `rille migrate dev` or `rille migrate deploy`."
  elseif args.drop then
    out:done "The migrations add no such triggers; there is nothing to remove."
  else
    out:done "The migrations have these triggers already; there is nothing to do."
  end
  return { created = result.created }
end

-- The options of the store; nil: none is named, so processes keep answers in memory.
local function store_of(args)
  local store = args.store or config.variable "RILLE_CACHE_STORE"
  if not store or store == "memory" then
    if args.prefix then errors.raise("VALIDATION", "--prefix is that of keys in Redis; name the server with --store or RILLE_CACHE_STORE") end
    return nil
  end
  return { store = store, prefix = args.prefix }
end

local function has_url(call)
  local ok, e = pcall(call.url, call)
  if ok then return true end
  if errors.is_error(e) and not call.args.url and not call:find_schema() then return false end
  error(e, 0)
end

-- Calls fn with a client and what the command knows of its database.
local function on_database(call, fn)
  local url = call:url()
  local provider = database.provider_of(url)
  database.of(provider).check(url)
  local db = call:connect()
  local ok, result = pcall(fn, db, database.of(provider), provider)
  db:close()
  if not ok then error(result, 0) end
  return result
end

local UNITS = { { 1073741824, "GiB" }, { 1048576, "MiB" }, { 1024, "KiB" } }

local function bytes(n)
  for _, unit in ipairs(UNITS) do
    if n >= unit[1] then return ("%.1f %s"):format(n / unit[1], unit[2]) end
  end
  return ("%d bytes"):format(n)
end

local function count(n, one, many) return ("%d %s"):format(n, n == 1 and one or many) end

local function show_store(out, found, prefix)
  out:done("the store, keys that begin with %q:", prefix or "rille:")
  out:line("  %s, %s", count(found.entries, "answer", "answers"), bytes(found.bytes))
  out:line("  %s, %s", count(found.stamps, "name with a stamp", "names with stamps"),
    count(found.marks, "write under way or unknown", "writes under way or unknown"))
  out:line("  %s", count(found.computing, "answer is being computed", "answers are being computed"))
  if found.outdated > 0 then out:line("  %s from before the server was started again; they expire", count(found.outdated, "key", "keys")) end
  if found.memory then
    local most = found.max_memory or 0
    out:line("  the whole server uses %s%s", bytes(found.memory), most > 0 and " of " .. bytes(most) or ", without a limit")
  end
  if found.partial then out:warn "The server has too many keys to see all of them in a minute; the figures are those of a part." end
end

local MEMORY = "Each process keeps its answers in memory. Only it can count them: db:metrics().cache, or the text for Prometheus of db:metrics(\"prometheus\")."

local function run_stats(call)
  local out, named = call.out, store_of(call.args)
  local result = { store = named and rille.cache.stats(named) }
  if result.store then show_store(out, result.store, named.prefix)
  else out:line(MEMORY)
  end
  result.notices = has_url(call) and on_database(call, function(db, on) return on.notices and on.notices(db) end) or nil
  if result.notices then out:line("The queue of notices of the database server is %.1f %% full.", result.notices * 100) end
  return result
end

local function run_clear(call)
  local out, named = call.out, store_of(call.args)
  local result = { store = named and rille.cache.clear(named), told = false }
  if result.store then
    out:done("store: everything is stale, %s removed", count(result.store.removed, "key", "keys"))
    if result.store.partial then out:warn "The server has too many keys to remove all answers in a minute; the rest is stale and expires." end
  end
  if named and not has_url(call) then return result end
  local url = call:url()
  if database.provider_of(url).file_based and not tools.url_file(url) then
    errors.raise("VALIDATION", "a database in memory belongs to one process: no other has a cache of it")
  end
  local how = on_database(call, function(db, on, provider) return ("%s: %s"):format(provider.title, on.tell_caches(db)) end)
  result.told = true
  out:done("%s", how)
  return result
end

local function define_store(p)
  p:option "--store":argname "<url>":description "The Redis server of the cache; by default RILLE_CACHE_STORE, if it is set."
  p:option "--prefix":argname "<text>":description 'That of its keys: "rille:".'
end

return {
  {
    name = "cache",
    summary = "The cache of applications: triggers, figures, clearing.",
    commands = {
      {
        name = "triggers",
        summary = "Write a migration that tells caches what other programs write.",
        description = "Writes a migration with triggers on all tables of the schema. They notify the processes with a cache when a program without rille "
          .. "writes. Run it again when the schema has new tables.",
        examples = { { "rille cache triggers" }, { "rille cache triggers --drop", "A migration that removes them." } },
        define = function(p)
          p:option "--name":hidden_name "-n":argname "<name>":description "(-n) The name of the migration: rille_cache_triggers."
          p:flag "--drop":description "Remove the triggers."
          p:option "--migrations":argname "<folder>":description "Folder of migrations; by default next to the schema."
        end,
        run = run_triggers,
      },
      {
        name = "stats",
        summary = "Count what is in the Redis server of the cache.",
        description = "Counts answers, stamps and writes under way, for all databases under the prefix. Without a Redis server, each process has its own "
          .. "answers, and says how many with db:metrics().",
        examples = { { "rille cache stats --store redis://localhost:6379/0" } },
        define = define_store,
        run = run_stats,
      },
      {
        name = "clear",
        summary = "Make everything stale, in all processes.",
        description = "Makes all cached answers stale, in the Redis server and in the memory of all processes with a cache on this database.",
        examples = { { "rille cache clear" }, { "rille cache clear --store redis://localhost:6379/0 --prefix shop:" } },
        define = define_store,
        run = run_clear,
      },
    },
  },
}
