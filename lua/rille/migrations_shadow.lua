--- Replays: the folder's migrations applied to an empty database, which then shows what they come to.
local core = require "rille.core"
local config = require "rille.config"
local migrations = require "rille.migrations"
local providers = require "rille.providers"

local shadow = {}

--- Runs fn(url) with a shadow database; nothing of it is left, whatever happens.
---@param place { url: string, shadow_url?: string, named_by_config?: boolean } named_by_config: prisma.config.ts has a say
---@param fn function
function shadow.with(place, fn)
  local provider = providers.of_url(place.url)
  if place.named_by_config and not place.shadow_url and provider and not provider.memory_url then
    config.check_read(config.prisma(), "datasource.shadowDatabaseUrl", "VALIDATION", "name the shadow database with `shadow_url`")
  end
  local handle, url = core.shadow_open(place.url, place.shadow_url)
  local result = { pcall(fn, url) }
  core.shadow_close(handle)
  if not result[1] then error(result[2], 0) end
  return result[2]
end

--- Applies to the shadow those migrations of the folder that `wanted` says (all when it is missing), but for those in `done`.
---@param place { folder: string, schema?: userdata }
---@param url string the shadow's
---@param wanted? fun(entry: table): boolean
---@param done? table<string, boolean>
function shadow.replay(place, url, wanted, done)
  migrations.with({ url = url, folder = place.folder, schema = place.schema }, { replay = true }, function(m)
    local list = core.migrations_load(m)
    core.migrations_prepare(m)
    for _, entry in ipairs(list) do
      if not (done and done[entry.name]) and (not wanted or wanted(entry)) then
        migrations.apply(m, place, entry, true)
        if done then done[entry.name] = true end
      end
    end
  end)
end

return shadow
