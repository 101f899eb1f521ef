--- What a database's history of migrations says, beside what is in the folder; and what to do about it.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local migrations = require "rille.migrations"

local status = {}

local function advice_for_failed(entry)
  if entry.logs and entry.logs:find("nothing of it is in the database", 1, true) then
    return ('rille.migrate.resolve{ rolled_back = "%s" }, then deploy: nothing of it was kept'):format(entry.name)
  end
  return ('look at what it left in the database; then rille.migrate.resolve{ rolled_back = "%s" } to have it applied again, or { applied = "%s" } '
    .. "when you have done its rest by hand"):format(entry.name, entry.name)
end

local DESCRIBE = {
  failed = function(entry)
    local own = ("the migration %s failed: "):format(entry.name)
    local logs = entry.logs and entry.logs:gsub("%s+", " ")
    if logs and logs:sub(1, #own) == own then logs = logs:sub(#own + 1) end
    logs = logs and ": " .. logs or "; its process ended, or still runs"
    return "P3009", ("the migration %s, started at %s, did not finish%s"):format(entry.name, entry.started_at, logs), advice_for_failed(entry)
  end,
  edited = function(entry)
    return "EDITED", ("the migration %s was changed after it had been applied"):format(entry.name),
      "restore its migration.sql from version control, and make the change in a new migration"
  end,
  missing = function(entry)
    return "MISSING", ("the migration %s is applied, but not in the folder"):format(entry.name),
      "restore its folder from version control"
  end,
}

local function problems_of(list, place, has_history)
  local problems = core.array {}
  local function add(code, message, advice) problems[#problems + 1] = { code = code, message = message, advice = advice } end
  for _, entry in ipairs(list) do
    local describe = DESCRIBE[entry.state]
    if describe then add(describe(entry)) end
    if migrations.is_pending(entry) and not entry.has_script then
      add("P3015", ("%s/%s has no migration.sql"):format(place.folder, entry.name), "restore it, or delete the folder")
    end
  end
  if not has_history and place.has_tables then
    add("P3005", "the database has tables, but no history of migrations",
      "record the migrations that it has already, with rille.migrate.resolve{ applied = name } for each")
  end
  return problems
end

-- Opening a database file that is not there would make it.
local function is_missing_file(url)
  local path = core.url_file(url)
  return path ~= nil and not config.exists(path)
end

local function entry_for_caller(entry)
  local is_there = entry.state == "applied" or entry.state == "edited" or entry.state == "missing"
  return { name = entry.name, state = entry.state, applied_at = is_there and entry.finished_at or nil, logs = entry.logs,
    checksum = entry.recorded or entry.checksum, steps = entry.steps, started_at = entry.started_at, has_down = entry.has_down, has_lua = entry.has_lua }
end

--- The state of each migration, and what is wrong. Nothing is changed. `problems`: P3005, P3009, P3015, P3019, EDITED, MISSING.
---@param given? rille.MigrateOptions
---@return { ok: boolean, up_to_date: boolean, has_history: boolean, migrations: table[], problems: table[] }
function status.status(given)
  local place = migrations.locate(given, migrations.PLACE, "rille.migrate.status")
  if is_missing_file(place.url) then
    errors.raise("P1003", "the database %s does not exist; `rille migrate dev` or `rille db push` makes it", core.url_shown(place.url))
  end
  return migrations.with(place, {}, function(m)
    local list, has_history = core.migrations_load(m)
    place.has_tables = not has_history and core.migrations_has_tables(m)
    local result = { migrations = core.array {}, has_history = has_history, up_to_date = true, problems = problems_of(list, place, has_history) }
    local ok, e = pcall(core.migrations_check, m)
    if not ok then table.insert(result.problems, { code = e.code, message = e.message, advice = "use the folder of this database" }) end
    for i, entry in ipairs(list) do
      result.migrations[i] = entry_for_caller(entry)
      if entry.state ~= "applied" and entry.state ~= "edited" then result.up_to_date = false end
    end
    result.ok = #result.problems == 0
    return result
  end)
end

return status
