--- A whole database into a file, and back.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"

local backup = {}

local BACKUP = { url = 1, file = 1, overwrite = 1, schema = 1, schema_text = 1 }
local RESTORE = { url = 1, file = 1, force = 1, schema = 1, schema_text = 1 }

local function check(options, known, name)
  if type(options) ~= "table" then errors.raise("VALIDATION", "%s takes a table of options, not a %s", name, type(options)) end
  errors.check_keys(options, known, name)
  if type(options.file) ~= "string" or options.file == "" or options.file:find("\0", 1, true) then
    errors.raise("VALIDATION", "%s: `file`: the name of the backup's file is wanted", name)
  end
  if options.url == nil then
    local _, found = config.resolve({ schema = options.schema, schema_text = options.schema_text }, true)
    return found
  end
  if type(options.url) ~= "string" then errors.raise("VALIDATION", "`url`: a string is wanted, not a %s", type(options.url)) end
  return options.url
end

local function flag(options, key)
  local value = options[key]
  if value ~= nil and type(value) ~= "boolean" then errors.raise("VALIDATION", "`%s`: true or false is wanted, not a %s", key, type(value)) end
  return value
end

--- Copies a database into a file while others go on reading and writing; the copy is as the database was at one moment. SQLite: a database file.
--- PostgreSQL: what `pg_dump` (which must be in PATH) writes in its custom format. The file is there when it is complete, or not at all.
--- URL and schema are found as rille.connect finds them. Errors: VALIDATION (the file is there already), P1xxx (database), BACKUP (disk full,
--- pg_dump is missing or failed: with its own words).
---@param options { file: string, url?: string, overwrite?: boolean, schema?: string, schema_text?: string }
---@return string file its name
function backup.backup(options)
  local url = check(options, BACKUP, "rille.backup")
  core.backup { url = url, file = options.file, overwrite = flag(options, "overwrite") }
  return options.file
end

--- Puts a backup into a database, all or nothing; the database is made when it is missing. One that has tables is refused unless `force` is true:
--- then SQLite's is replaced as a whole, and of PostgreSQL's what the backup has is replaced and what it has not stays. Nobody else may have an
--- SQLite database open. Errors: VALIDATION (no backup, or one of another kind of database), P3005 (not empty), P1008 (in use), P1xxx (database),
--- BACKUP (damaged, disk full, pg_restore is missing or failed: with its own words).
---@param options { file: string, url?: string, force?: boolean, schema?: string, schema_text?: string }
function backup.restore(options)
  local url = check(options, RESTORE, "rille.restore")
  core.restore { url = url, file = options.file, force = flag(options, "force") }
end

return backup
