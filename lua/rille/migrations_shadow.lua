--- Replays: the migrations of a folder are applied to an empty database, which then has the state after them.
local core = require "rille.core"
local config = require "rille.config"
local migrations = require "rille.migrations"
local providers = require "rille.providers"

local shadow = {}

--- Checks the shadow database. Errors: VALIDATION (one is required, and the setting of prisma.config.ts cannot be read).
function shadow.check_config(place)
  local provider = providers.of_url(place.url)
  if place.named_by_config and not place.shadow_url and provider and not provider.memory_url then
    config.check_read(config.prisma(), "datasource.shadowDatabaseUrl", "VALIDATION", "name the shadow database with `shadow_url`")
  end
end

--- Runs fn(url) with a shadow database, and always removes it.
---@param place { url: string, shadow_url?: string }
---@param fn function
function shadow.with(place, fn)
  local handle, url = core.shadow_open(place.url, place.shadow_url)
  local result = { pcall(fn, url) }
  core.shadow_close(handle)
  if not result[1] then error(result[2], 0) end
  return result[2]
end

--- Applies the migrations of the folder to the shadow database. It has no rows, so migration.lua is skipped.
---@param place { folder: string, schema?: userdata }
---@param url string of the shadow database
function shadow.replay(place, url)
  migrations.with({ url = url, folder = place.folder, schema = place.schema }, { replay = true }, function(m)
    core.migrations_load(m)
    core.migrations_apply(m)
    repeat until not core.migrations_next(m)
  end)
end

return shadow
