--- Backup of a database to a file, and restore.
local core = require "rille.core"
local config = require "rille.config"
local options = require "rille.options"

local backup = {}

local BACKUP = options.declare("rille.BackupOptions", {
  { "file", "string", required = true, filled = true, doc = "the name of the backup file" },
  { "url", "string", doc = "by default that of the schema, or DATABASE_URL" },
  { "schema", "string", doc = "has the URL, if `url` is missing" },
  { "schema_text", "string", doc = "the schema itself" },
  { "overwrite", "boolean", doc = "the file may exist" },
})
local RESTORE = options.declare("rille.RestoreOptions", {
  { "file", "string", required = true, filled = true, doc = "the name of the backup file" },
  { "url", "string", doc = "by default that of the schema, or DATABASE_URL" },
  { "schema", "string", doc = "has the URL, if `url` is missing" },
  { "schema_text", "string", doc = "the schema itself" },
  { "force", "boolean", doc = "allows a database that has tables" },
})

-- Returns the URL.
local function check(own, given, name)
  options.check(own, given or {}, name)
  if given.url then return given.url end
  local _, found = config.resolve({ schema = given.schema, schema_text = given.schema_text }, true)
  return found
end

--- Copies a database to a file while other sessions read and write. The copy has the state at one point in time. SQLite: a database file.
--- PostgreSQL: what `pg_dump` (which must be in PATH) writes in its custom format. The file exists only when it is complete.
--- URL and schema are found as for rille.connect. Errors: VALIDATION (the file exists), P1xxx (database), BACKUP (disk full, pg_dump is missing or
--- failed, with its message).
---@param given rille.BackupOptions
---@return string file the name of the file
function backup.backup(given)
  local url = check(BACKUP, given, "rille.backup")
  core.backup { url = url, file = given.file, overwrite = given.overwrite }
  return given.file
end

--- Restores a backup to a database, all or nothing. A missing database is created. One that has tables is rejected unless `force` is true: then an
--- SQLite database is replaced as a whole, and of a PostgreSQL database only what the backup contains. No other process may have an SQLite database
--- open. Errors: VALIDATION (not a backup, or of another kind of database), P3005 (not empty), P1008 (in use), P1xxx (database), BACKUP (damaged,
--- disk full, pg_restore is missing or failed, with its message).
---@param given rille.RestoreOptions
function backup.restore(given)
  local url = check(RESTORE, given, "rille.restore")
  core.restore { url = url, file = given.file, force = given.force }
end

return backup
