--- Migrations: a folder as Prisma lays it out, applied to a database in order, one runner at a time. `rille.migrate.dev` is in
--- migrations_dev.lua.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local names = require "rille.migrations_names"

local migrations = {}

local LOCK_WAIT = 10000

--- Raises an error that names a migration.
function migrations.fail(code, name, format, ...)
  error(errors.new(code, format:format(...), { migration = name }), 0)
end

-- ------------------------------------------------------------------------------------------------------------------ places

local function check_options(options, known, what)
  options = options or {}
  if type(options) ~= "table" then errors.raise("VALIDATION", "%s takes a table of options, not a %s", what, type(options)) end
  errors.check_keys(options, known, what)
  for _, key in ipairs { "url", "migrations", "shadow_url" } do
    if options[key] ~= nil and type(options[key]) ~= "string" then
      errors.raise("VALIDATION", "`%s` of %s: a string is wanted, not a %s", key, what, type(options[key]))
    end
  end
  return options
end

--- The folder of migrations: the option, else what prisma.config.ts says, else `migrations` beside the schema. Errors: VALIDATION when it is said
--- there in a way that cannot be read, since a second folder would be worse than none.
---@param options table
---@return string
function migrations.folder(options)
  if options.migrations then return options.migrations end
  local prisma = config.prisma()
  if prisma.migrations then return prisma.migrations end
  config.check_read(prisma, "migrations.path", "VALIDATION", "name the folder with `migrations`")
  local path = config.schema_path(options)
  local parent = path and path:gsub("/+$", ""):match "^(.*)/[^/]*$"
  if not parent then return "migrations" end
  return (parent == "" and "/" or parent .. "/") .. "migrations"
end

--- Schema (nil when there is none and it is not needed), URL and folder.
function migrations.locate(options, known, what, needs_schema)
  options = check_options(options, known, what)
  local place = { folder = migrations.folder(options), shadow_url = options.shadow_url or config.prisma().shadow_url, named_by_config = true }
  if options.url and not needs_schema and not options.schema_text and not config.schema_path(options) then
    place.url = options.url
  else
    place.schema, place.url = config.resolve({ schema = options.schema, schema_text = options.schema_text, url = options.url }, true)
  end
  return place, options
end

--- Runs fn(m, place) with the folder and the database opened; they are closed whatever happens, and the lock is given back with them.
function migrations.with(place, settings, fn)
  local m = core.migrations_open { url = place.url, folder = place.folder, create = settings.create, replay = settings.replay, schema = place.schema }
  local result = { pcall(function()
    if settings.lock then core.migrations_lock(m, settings.lock) end
    return fn(m, place)
  end) }
  core.migrations_close(m)
  if not result[1] then
    local e = result[2]
    if errors.is_error(e) and e.meta.line then e.meta.line = tonumber(e.meta.line) end
    error(e, 0)
  end
  return result[2], result[3]
end

-- ------------------------------------------------------------------------------------------------------------------ applying

-- The schema that a migration.lua sees: the one in its folder, else what the database has, in the words of the known schema.
local function schema_for(m, place, entry)
  if entry.has_schema then return core.schema { path = ("%s/%s/schema.prisma"):format(place.folder, entry.name), url = place.url } end
  local ok, text = pcall(core.migrations_pull, m, place.schema)
  if not ok then
    if not (errors.is_error(text) and text.code == "P4001") then error(text, 0) end
    text = ""
  end
  return core.schema { text = text, url = place.url }
end

local function load_function(path)
  local chunk, message = loadfile(path)
  if not chunk then errors.raise("VALIDATION", "%s", message) end
  local fn = chunk()
  if type(fn) ~= "function" then errors.raise("VALIDATION", "%s must return a function(tx, context), not a %s", path, type(fn)) end
  return fn
end

local function run_lua(m, place, entry)
  local path = ("%s/%s/migration.lua"):format(place.folder, entry.name)
  local fn = load_function(path)
  local schema = schema_for(m, place, entry)
  local parent = core.open { schema = schema, url = place.url, pool_size = 1 }
  local ok, e = pcall(function()
    local scope = core.migrations_scope(m, parent)
    local tx = client.wrap(scope, core, true)
    local good, problem = pcall(fn, tx, { migration = entry.name, folder = place.folder, provider = core.provider(scope) })
    core.over(scope, true) -- a cursor that was kept does not outlive the connection
    if not good then error(problem, 0) end
  end)
  core.close(parent)
  if not ok then error(e, 0) end
end

--- Applies one migration of the list that was loaded last. In a replay, migration.lua is left out: there are no rows.
function migrations.apply(m, place, entry, replay)
  core.migrations_begin(m, entry.name, false)
  if entry.has_lua and not replay then
    local ok, e = pcall(run_lua, m, place, entry)
    if not ok then
      local _, failure = pcall(core.migrations_fail, m, "migration.lua: " .. tostring(e))
      if type(failure) == "table" then failure.reason = e end
      error(failure, 0)
    end
  end
  core.migrations_finish(m)
end

--- Whether a migration is still to be applied.
function migrations.is_pending(entry) return entry.state == "pending" or entry.state == "rolled_back" end

local function check_scripts(list, place)
  for _, entry in ipairs(list) do
    if migrations.is_pending(entry) and not entry.has_script then
      migrations.fail("P3015", entry.name, "%s/%s has no migration.sql; restore it, or delete the folder (for a migration of Lua alone an "
        .. "empty migration.sql is enough)", place.folder, entry.name)
    end
  end
end

--- Applies what is pending of a list that was just loaded; the names of what it applied, and how many were there already.
function migrations.apply_pending(m, place, list)
  local applied, already = core.array {}, 0
  check_scripts(list, place)
  core.migrations_prepare(m)
  for _, entry in ipairs(list) do
    if migrations.is_pending(entry) then
      migrations.apply(m, place, entry)
      applied[#applied + 1] = entry.name
    elseif entry.state == "applied" or entry.state == "edited" then
      already = already + 1
    end
  end
  return applied, already
end

local function lock_wait(options)
  local wait = options.lock_wait
  if wait == nil then return LOCK_WAIT end
  if type(wait) ~= "number" or wait < 0 then errors.raise("VALIDATION", "`lock_wait`: milliseconds are wanted") end
  return wait
end

local PLACE = { schema = 1, schema_text = 1, url = 1, migrations = 1, lock_wait = 1 }

local function known(more)
  local all = {}
  for key in pairs(PLACE) do all[key] = 1 end
  for key in pairs(more or {}) do all[key] = 1 end
  return all
end

--- Applies the migrations that the database does not have yet, in order. Errors: P1002 (another runner), P3005 (a database with tables, but
--- without a history), P3009 (a failed migration is not resolved), P3015, P3018 (e.meta: migration, line, statement, cause), P3019.
---@param options? { schema?: string, schema_text?: string, url?: string, migrations?: string, lock_wait?: integer }
---@return { applied: string[], already: integer }
function migrations.deploy(options)
  local place
  place, options = migrations.locate(options, known(), "rille.migrate.deploy")
  return migrations.with(place, { create = true, lock = lock_wait(options) }, function(m)
    local applied, already = migrations.apply_pending(m, place, core.migrations_load(m))
    return { applied = applied, already = already }
  end)
end

--- Drops everything in the database and applies all migrations. It does not ask.
---@param options? { schema?: string, schema_text?: string, url?: string, migrations?: string, lock_wait?: integer }
---@return { applied: string[] }
function migrations.reset(options)
  local place
  place, options = migrations.locate(options, known(), "rille.migrate.reset")
  return migrations.with(place, { create = true, lock = lock_wait(options) }, function(m)
    core.migrations_reset(m, place.schema)
    return { applied = (migrations.apply_pending(m, place, core.migrations_load(m))) }
  end)
end

--- Puts the history right, without a change to anything else: `applied` records a migration as applied (a baseline, or a failed one whose rest
--- was done by hand), `rolled_back` has a failed one applied again. Errors: P3008, P3011, P3012, P3017.
---@param options { url?: string, migrations?: string, applied?: string, rolled_back?: string }
function migrations.resolve(options)
  local place
  place, options = migrations.locate(options, known { applied = 1, rolled_back = 1 }, "rille.migrate.resolve")
  local name = options.applied or options.rolled_back
  if (options.applied == nil) == (options.rolled_back == nil) or type(name) ~= "string" then
    errors.raise("VALIDATION", "rille.migrate.resolve: either `applied` or `rolled_back` names a migration")
  end
  migrations.with(place, { create = options.applied ~= nil, lock = lock_wait(options) }, function(m)
    core.migrations_load(m)
    core.migrations_mark(m, name, options.applied ~= nil)
  end)
end

-- ------------------------------------------------------------------------------------------------------------------ back

local function is_applied(entry) return entry.state == "applied" or entry.state == "edited" or entry.state == "missing" end

local function choose(list, options, place)
  local chosen, steps = {}, options.steps or 1
  if options.to and options.steps then errors.raise("VALIDATION", "rille.migrate.down: `steps` and `to` exclude each other") end
  if type(steps) ~= "number" or steps < 1 then errors.raise("VALIDATION", "`steps` of rille.migrate.down: a number from 1 on is wanted") end
  local found = options.to == nil
  for i = #list, 1, -1 do
    local entry = list[i]
    if entry.name == options.to then found = true break end
    if is_applied(entry) and (options.to or #chosen < steps) then chosen[#chosen + 1] = entry end
  end
  if not found then migrations.fail("P3017", options.to, "there is no migration %s in %s", tostring(options.to), place.folder) end
  for _, entry in ipairs(chosen) do
    if not entry.has_down then
      migrations.fail("P3015", entry.name, "the migration %s cannot be taken back: %s/%s has no down.sql; write one, or go forward with a new "
        .. "migration", entry.name, place.folder, entry.name)
    end
  end
  return chosen
end

--- Takes applied migrations back by their down.sql, the latest first, each in a transaction; `deploy` applies them again. `to` names the one
--- that stays the last. Errors: P3009 (a failed migration is not resolved), P3015 (one of them has no down.sql: nothing is done), P3017,
--- P3018, P3019.
---@param options? { url?: string, migrations?: string, steps?: integer, to?: string }
---@return { reverted: string[] }
function migrations.down(options)
  local place
  place, options = migrations.locate(options, known { steps = 1, to = 1 }, "rille.migrate.down")
  return migrations.with(place, { lock = lock_wait(options) }, function(m)
    local reverted = core.array {}
    local list, has_history = core.migrations_load(m)
    if has_history then core.migrations_prepare(m) end
    for _, entry in ipairs(choose(list, options, place)) do
      core.migrations_begin(m, entry.name, true)
      core.migrations_finish(m)
      reverted[#reverted + 1] = entry.name
    end
    return { reverted = reverted }
  end)
end

migrations.LOCK_WAIT = LOCK_WAIT
migrations.known = known
migrations.lock_wait = lock_wait
migrations.slug = names.slug

return migrations
