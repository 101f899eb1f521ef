--- The history of a database compared with the folder, and what to do about problems.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local migrations = require "rille.migrations"

local status = {}

-- Opening a database file that does not exist would create it.
local function is_missing_file(url)
  local path = core.url_file(url)
  return path ~= nil and not config.exists(path)
end

local function entry_for_caller(entry)
  local is_there = entry.state == "applied" or entry.state == "edited" or entry.state == "missing"
  return { name = entry.name, state = entry.state, applied_at = is_there and entry.finished_at or nil, logs = entry.logs,
    checksum = entry.recorded or entry.checksum, steps = entry.steps, started_at = entry.started_at, has_down = entry.has_down, has_lua = entry.has_lua }
end

--- Returns the state of each migration, and the problems. Changes nothing. `problems`: P3005, P3009, P3015, P3019, EDITED, MISSING.
---@param given? rille.MigrateOptions
---@return { ok: boolean, up_to_date: boolean, has_history: boolean, migrations: table[], problems: table[] }
function status.status(given)
  local place = migrations.locate(given, migrations.PLACE, "rille.migrate.status")
  if is_missing_file(place.url) then
    errors.raise("P1003", "the database %s does not exist; `rille migrate dev` or `rille db push` creates it", core.url_shown(place.url))
  end
  return migrations.with(place, {}, function(m)
    local list, has_history = core.migrations_load(m)
    local result = { migrations = core.array {}, has_history = has_history }
    result.problems, result.up_to_date = core.migrations_evaluate(m)
    for i, entry in ipairs(list) do result.migrations[i] = entry_for_caller(entry) end
    result.ok = #result.problems == 0
    return result
  end)
end

return status
