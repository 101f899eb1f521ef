--- A whole database into a file, and back.
local core = require "rille.core"
local config = require "rille.config"
local options = require "rille.options"

local backup = {}

local BACKUP = options.declare("rille.BackupOptions", {
  { "file", "string", required = true, filled = true, doc = "the name of the backup's file" },
  { "url", "string", doc = "else that of the schema, else DATABASE_URL" },
  { "schema", "string", doc = "where the URL is found, when it is not given" },
  { "schema_text", "string", doc = "the schema itself" },
  { "overwrite", "boolean", doc = "the file may be there already" },
})
local RESTORE = options.declare("rille.RestoreOptions", {
  { "file", "string", required = true, filled = true, doc = "the name of the backup's file" },
  { "url", "string", doc = "else that of the schema, else DATABASE_URL" },
  { "schema", "string", doc = "where the URL is found, when it is not given" },
  { "schema_text", "string", doc = "the schema itself" },
  { "force", "boolean", doc = "also into a database that has tables" },
})

-- Returns the URL.
local function check(own, given, name)
  options.check(own, given or {}, name)
  if given.url then return given.url end
  local _, found = config.resolve({ schema = given.schema, schema_text = given.schema_text }, true)
  return found
end

--- Copies a database into a file while others go on reading and writing; the copy is as the database was at one moment. SQLite: a database file.
--- PostgreSQL: what `pg_dump` (which must be in PATH) writes in its custom format. The file is there when it is complete, or not at all.
--- URL and schema are found as rille.connect finds them. Errors: VALIDATION (the file is there already), P1xxx (database), BACKUP (disk full,
--- pg_dump is missing or failed: with its own words).
---@param given rille.BackupOptions
---@return string file its name
function backup.backup(given)
  local url = check(BACKUP, given, "rille.backup")
  core.backup { url = url, file = given.file, overwrite = given.overwrite }
  return given.file
end

--- Puts a backup into a database, all or nothing; the database is made when it is missing. One that has tables is refused unless `force` is true:
--- then SQLite's is replaced as a whole, and of PostgreSQL's what the backup has is replaced and what it has not stays. Nobody else may have an
--- SQLite database open. Errors: VALIDATION (no backup, or one of another kind of database), P3005 (not empty), P1008 (in use), P1xxx (database),
--- BACKUP (damaged, disk full, pg_restore is missing or failed: with its own words).
---@param given rille.RestoreOptions
function backup.restore(given)
  local url = check(RESTORE, given, "rille.restore")
  core.restore { url = url, file = given.file, force = given.force }
end

return backup
