--- rille.migrate.dev: from a changed schema to a new migration, applied. The core decides what is done and asked. This file has the answers and runs
--- migration.lua.
local core = require "rille.core"
local migrations = require "rille.migrations"
local options = require "rille.options"
local shadow = require "rille.migrations_shadow"

local dev = {}

local DEV = options.declare("rille.DevOptions: rille.MigrateOptions", {
  { "name", "string", doc = "of the migration; by default it is asked for, or built from the changes" },
  { "shadow_url", "string", doc = "an empty database of the server to try migrations in; by default one is created and dropped" },
  { "create_only", "boolean", doc = "writes the migration for editing, and does not apply it" },
  { "accept_data_loss", "boolean", doc = "allows steps that lose rows or values" },
  { "data", "boolean", doc = "writes a migration.lua too, and does not apply the migration" },
  { "down", "boolean", doc = "false: writes no down.sql" },
  { "ask", "function", is = "fun(question: rille.Question): any", doc = "answers what a person must decide" },
})

local function check_name(name)
  if name ~= nil and type(name) ~= "string" then options.refuse("rille.migrate.dev: name", "a string", name) end
  return name
end

local function answer(handle, question, ask)
  local given = ask(question)
  if question.kind == "name" then
    core.dev_answer(handle, true, check_name(given))
  else
    core.dev_answer(handle, given == true)
  end
end

-- Takes all steps, and returns the result.
local function develop(handle, place, ask)
  for step in core.dev_next, handle do
    if step.kind == "migration" then migrations.run(step.migrations, place, step) else answer(handle, step, ask) end
  end
  return core.dev_result(handle)
end

local function refresh(given)
  local ok, generate = pcall(require, "rille.generate")
  if ok and type(generate) == "table" and generate.refresh then
    generate.refresh { schema = given.schema, schema_text = given.schema_text, url = given.url }
  end
end

--- Creates a migration from the differences between the schema and the state after the folder's migrations, and applies it, after the pending ones. It
--- asks with `ask`, if given: { kind = "reset", reasons }, { kind = "data_loss", warnings }, { kind = "rename", what, table, from, to } (true means
--- yes), and { kind = "name" }. With `create_only` or `data` the migration is written for editing and not applied. Errors: VALIDATION with
--- e.meta.reasons (a reset is required), P3001 (data would be lost), P3006 (the folder cannot be applied to an empty database), P3010, P3014 (shadow
--- database), P3018, P3019.
---@param given? rille.DevOptions
---@return { applied: string[], created?: string, warnings: string[], irreversible: string[], up_to_date: boolean }
function dev.dev(given)
  local place
  place, given = migrations.locate(given, DEV, "rille.migrate.dev", true)
  shadow.check_config(place)
  local handle = core.dev_open {
    schema = place.schema, url = place.url, folder = place.folder, shadow_url = place.shadow_url, name = given.name,
    lock_wait = migrations.lock_wait(given), asks = given.ask ~= nil, create_only = given.create_only, data = given.data,
    accept_data_loss = given.accept_data_loss, no_down = given.down == false,
  }
  local ok, result = pcall(develop, handle, place, given.ask)
  core.dev_close(handle)
  if not ok then migrations.raise(result) end
  refresh(given)
  return result
end

return dev
