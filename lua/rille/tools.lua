--- What programs built on rille need in addition to its public functions. The command `rille` uses nothing else. Not a stable interface.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local migrations = require "rille.migrations"
local providers = require "rille.providers"

return {
  cells = require "rille.cells",
  config = config,
  errors = errors,
  make_private = core.make_private,
  migrations_folder = migrations.folder,
  --- Returns a model with its fields and keys, as an element of `models` of schema_models.
  model_facts = core.model_facts,
  --- Returns the names of the models of a client, in the order of the schema.
  models = function(db) return core.models(client.scope(db, "models")) end,
  monotonic = core.monotonic,
  schema = core.schema,
  schema_models = core.schema_models,
  url_file = core.url_file,
  providers = providers,
  url_shown = core.url_shown,
}
