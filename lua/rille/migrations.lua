--- Migrations: a folder in Prisma's layout, applied to a database in order, by one process at a time. `rille.migrate.dev` is in migrations_dev.lua.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local options = require "rille.options"

local migrations = {}

local LOCK_WAIT, LOCK_WAIT_MAX = 10000, 2 ^ 53 -- milliseconds

-- ------------------------------------------------------------------------------------------------------------------ places

--- Returns the folder of migrations: the option, or that of prisma.config.ts, or `migrations` next to the schema. Errors: VALIDATION (the setting of
--- prisma.config.ts cannot be read: a second folder would be worse than none).
---@param given table
---@return string
function migrations.folder(given)
  if given.migrations then return given.migrations end
  local prisma = config.prisma()
  if prisma.migrations then return prisma.migrations end
  config.check_read(prisma, "migrations.path", "VALIDATION", "name the folder with `migrations`")
  local path = config.schema_path(given)
  local parent = path and path:gsub("/+$", ""):match "^(.*)/[^/]*$"
  if not parent then return "migrations" end
  return (parent == "" and "/" or parent .. "/") .. "migrations"
end

--- Returns a table with schema (nil if there is none and none is required), URL and folder, and the checked options.
function migrations.locate(given, own, what, needs_schema)
  given = options.check(own, given, what)
  local place = { folder = migrations.folder(given), shadow_url = given.shadow_url or config.prisma().shadow_url, named_by_config = true }
  if given.url and not needs_schema and not given.schema_text and not config.schema_path(given) then
    place.url = given.url
  else
    place.schema, place.url = config.resolve({ schema = given.schema, schema_text = given.schema_text, url = given.url }, true)
  end
  return place, given
end

--- Returns how long to wait for the lock, in whole milliseconds.
---@param given rille.MigrateOptions
---@return integer
function migrations.lock_wait(given) return math.floor(math.min(given.lock_wait or LOCK_WAIT, LOCK_WAIT_MAX)) end

--- Raises an error of a run again, with the line as a number.
function migrations.raise(e)
  if errors.is_error(e) and e.meta.line then e.meta.line = tonumber(e.meta.line) end
  error(e, 0)
end

--- Runs fn(m, place) with the opened folder and database. They are always closed, which releases the lock.
function migrations.with(place, settings, fn)
  local m = core.migrations_open { url = place.url, folder = place.folder, create = settings.create, replay = settings.replay, schema = place.schema }
  local result = { pcall(function()
    if settings.lock then core.migrations_lock(m, settings.lock) end
    return fn(m, place)
  end) }
  core.migrations_close(m)
  if not result[1] then migrations.raise(result[2]) end
  return result[2], result[3]
end

-- ------------------------------------------------------------------------------------------------------------------ applying

-- Returns the schema for a migration.lua: the one in its folder, or the database's, with the names of the known schema.
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
  if type(fn) ~= "function" then options.refuse(path, "a function(tx, context) to be returned", fn) end
  return fn
end

local function run_lua(m, place, entry)
  local path = ("%s/%s/migration.lua"):format(place.folder, entry.name)
  local fn = load_function(path)
  local schema = schema_for(m, place, entry)
  local parent = core.open { schema = schema, url = place.url, pool_size = 1 }
  local ok, e = pcall(function()
    local scope = core.migrations_scope(m, parent)
    local tx = client.wrap(scope, { steps = core }, true)
    local good, problem = pcall(fn, tx, { migration = entry.name, folder = place.folder, provider = core.provider(scope) })
    core.over(scope, true) -- a stream that is still open must not outlive the connection
    if not good then error(problem, 0) end
  end)
  core.close(parent)
  if not ok then error(e, 0) end
end

--- Runs the migration.lua of a migration that the core has begun, if there is one.
function migrations.run(m, place, entry)
  if not entry.has_lua then return end
  local ok, e = pcall(run_lua, m, place, entry)
  if ok then return end
  local _, failure = pcall(core.migrations_fail, m, "migration.lua: " .. tostring(e))
  if type(failure) == "table" then failure.reason = e end
  error(failure, 0)
end

-- Runs the migrations that are to be applied, and returns their names.
local function run_all(m, place)
  local names = core.array {}
  for entry in core.migrations_next, m do
    migrations.run(m, place, entry)
    names[#names + 1] = entry.name
  end
  return names
end

-- Applies the pending migrations, and returns their names.
local function apply_pending(m, place)
  core.migrations_apply(m)
  return run_all(m, place)
end

--- The options that all functions of migrations have.
migrations.PLACE = options.declare("rille.MigrateOptions", {
  { "schema", "string", doc = "a file or a folder; by default found by convention" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "by default that of the schema, or DATABASE_URL" },
  { "migrations", "string", doc = "the folder; by default `migrations` next to the schema" },
  { "lock_wait", "number", least = 0, ms = true, is = "integer", doc = "milliseconds to wait for another process that migrates: 10000; then P1002" },
})
local PLACE = migrations.PLACE

local RESOLVE = options.declare("rille.ResolveOptions: rille.MigrateOptions", {
  { "applied", "string", doc = "the name of a migration whose changes are already in the database" },
  { "rolled_back", "string", doc = "the name of a failed migration that is to be applied again" },
})

local DOWN = options.declare("rille.DownOptions: rille.MigrateOptions", {
  { "steps", "number", least = 1, is = "integer", doc = "number of migrations: 1" },
  { "to", "string", doc = "the name of the migration that becomes the last one" },
})

--- Applies the pending migrations in order. Errors: P1002 (another process migrates), P3005 (the database has tables but no history), P3009 (a failed
--- migration is not resolved), P3015, P3018 (e.meta: migration, line, statement, cause), P3019.
---@param given? rille.MigrateOptions
---@return { applied: string[], already: integer }
function migrations.deploy(given)
  local place
  place, given = migrations.locate(given, PLACE, "rille.migrate.deploy")
  return migrations.with(place, { create = true, lock = migrations.lock_wait(given) }, function(m)
    local already = 0
    for _, entry in ipairs((core.migrations_load(m))) do
      if entry.state == "applied" or entry.state == "edited" then already = already + 1 end
    end
    return { applied = apply_pending(m, place), already = already }
  end)
end

--- Drops everything in the database and applies all migrations. Does not ask.
---@param given? rille.MigrateOptions
---@return { applied: string[] }
function migrations.reset(given)
  local place
  place, given = migrations.locate(given, PLACE, "rille.migrate.reset")
  return migrations.with(place, { create = true, lock = migrations.lock_wait(given) }, function(m)
    core.migrations_reset(m, place.schema)
    return { applied = apply_pending(m, place) }
  end)
end

--- Corrects the history and changes nothing else: `applied` records a migration as applied (a baseline, or a failed one that was finished by hand),
--- `rolled_back` makes a failed one pending again. Errors: P3008, P3011, P3012, P3017.
---@param given rille.ResolveOptions
function migrations.resolve(given)
  local place
  place, given = migrations.locate(given, RESOLVE, "rille.migrate.resolve")
  local name = given.applied or given.rolled_back
  if (given.applied == nil) == (given.rolled_back == nil) then
    errors.raise("VALIDATION", "rille.migrate.resolve: expected the name of a migration in either `applied` or `rolled_back`")
  end
  migrations.with(place, { create = given.applied ~= nil, lock = migrations.lock_wait(given) }, function(m)
    core.migrations_load(m)
    core.migrations_mark(m, name, given.applied ~= nil)
  end)
end

--- Takes applied migrations back with their down.sql, the latest first, each in a transaction. `deploy` applies them again. Errors: P3009 (a failed
--- migration is not resolved), P3015 (one of them has no down.sql; nothing is done), P3017, P3018, P3019.
---@param given? rille.DownOptions
---@return { reverted: string[] }
function migrations.down(given)
  local place
  place, given = migrations.locate(given, DOWN, "rille.migrate.down")
  if given.to and given.steps then errors.raise("VALIDATION", "rille.migrate.down: `steps` and `to` exclude each other") end
  return migrations.with(place, { lock = migrations.lock_wait(given) }, function(m)
    core.migrations_load(m)
    core.migrations_take_back(m, math.ceil(given.steps or 1), given.to)
    local reverted = core.array {}
    for entry in core.migrations_next, m do reverted[#reverted + 1] = entry.name end
    return { reverted = reverted }
  end)
end

return migrations
