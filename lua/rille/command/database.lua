--- What the command asks of each kind of database in its own words: a file on_<id>.lua each.
local providers = require("rille").tools.providers

---@class rille.command.Database
---@field version string the statement that gives the version of the server, or of the library, as v
---@field check fun(url: string) raises when the database is not there
---@field advice fun(db: rille.Client, url: string): string[] what would be better
---@field unindexed_keys fun(db: rille.Client, schemas: table<string, boolean>): { table: string, columns: string[], schema?: string }[] foreign
---keys that no index begins with; schemas: those that belong to the project beside the search path
---@field scans fun(db: rille.Client, sql: string, statement: table): table[] tables that a statement reads whole to find rows by conditions
---@field tell_caches fun(db: rille.Client): string makes everything stale that other processes keep; returns how they learn it
---@field notices? fun(db: rille.Client): number how full the queue of notices is, from 0 to 1
---@field number_on fun(db: rille.Client, facts: table) what must happen after rows with numbers of their own were created

local database = {}

--- The provider that is meant where nothing names one: a file needs no server.
function database.default()
  for _, p in ipairs(providers.list) do
    if p.file_based then return p end
  end
  return providers.list[1]
end

---@param url string
---@return rille.Provider
function database.provider_of(url) return providers.of_url(url) or database.default() end

---@param provider rille.Provider
---@return rille.command.Database
function database.of(provider) return require("rille.command.on_" .. provider.id) end

--- The databases' titles or names, in one text.
---@param field string
---@param last string what stands before the last one
function database.list(field, last)
  local words = {}
  for _, p in ipairs(providers.list) do words[#words + 1] = p[field] end
  local tail = table.remove(words)
  return #words > 0 and table.concat(words, ", ") .. last .. tail or tail
end

return database
