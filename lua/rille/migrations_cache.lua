--- rille.migrate.cache_triggers: a migration whose triggers tell caches about writes of programs without rille. The core writes it.
local core = require "rille.core"
local config = require "rille.config"
local migrations = require "rille.migrations"
local options = require "rille.options"
local providers = require "rille.providers"

local cache = {}

local TRIGGERS = options.declare("rille.CacheTriggersOptions", {
  { "schema", "string", doc = "a file or a folder; by default found by convention" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "only its scheme counts, and only if the schema names no provider" },
  { "migrations", "string", doc = "the folder; by default `migrations` next to the schema" },
  { "name", "string", doc = "of the migration: rille_cache_triggers" },
  { "drop", "boolean", doc = "writes a migration that removes the triggers" },
})

-- Returns the schema and the name of its database. No URL is required.
local function locate(given)
  local source = config.source { schema = given.schema, schema_text = given.schema_text }
  source.url = given.url
  local schema = core.schema(source)
  local provider = providers.of_schema(schema)
  if provider then return schema, provider.name end
  local _, url = config.resolve { schema = given.schema, schema_text = given.schema_text, url = given.url }
  return schema, providers.of_url(url).name
end

--- Writes a migration with triggers on all tables of the schema, which tell caches what other programs write, or with `drop` one that removes them. It is
--- not applied: `deploy` and `dev` do that. Nothing is written if the folder has it already. Errors: P2026 (the database needs no triggers, or has no
--- notifications), P3010, P3015, P3019.
---@param given? rille.CacheTriggersOptions
---@return { created?: string }
function cache.cache_triggers(given)
  given = options.check(TRIGGERS, given, "rille.migrate.cache_triggers")
  local schema, provider = locate(given)
  local created = core.cache_triggers { provider = provider, folder = migrations.folder(given), schema = schema, name = given.name, drop = given.drop }
  return { created = created }
end

return cache
