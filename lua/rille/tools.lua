--- What programs around rille ask of it beside its public functions: the command `rille` has no other door. Not a stable interface.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local migrations = require "rille.migrations"
local providers = require "rille.providers"

return {
  config = config,
  errors = errors,
  make_private = core.make_private,
  migrations_folder = migrations.folder,
  --- The names of a client's models, in the schema's order.
  models = function(db) return core.models(client.scope(db, "models")) end,
  monotonic = core.monotonic,
  schema = core.schema,
  schema_models = core.schema_models,
  url_file = core.url_file,
  providers = providers,
  url_shown = core.url_shown,
}
