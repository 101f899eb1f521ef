--- The supported databases, as the core knows them. Code asks for what a database can do, never for its name.
local core = require "rille.core"
local errors = require "rille.errors"

---@class rille.Provider
---@field name string as in a schema
---@field title string as in a sentence
---@field id string part of the names of its files in rille
---@field schemes string[] of its URLs
---@field first_url string the DATABASE_URL of a new project
---@field memory_url? string of a database that is lost when it is closed
---@field library string that its driver uses
---@field library_version? string of the loaded library
---@field built boolean this build has its driver
---@field server boolean its URLs name a server
---@field file_based boolean a database is a file
---@field notifications boolean
---@field advisory_locks boolean
---@field nulls_largest boolean an ascending order without `nulls` has NULL last

local providers = { list = core.providers() }

local by_name = {}
for _, p in ipairs(providers.list) do by_name[p.name] = p end

--- Returns the database of a provider in a schema; nil if rille does not support it.
---@param name? string
---@return rille.Provider?
function providers.named(name) return name and by_name[name] end

--- Returns the database of a URL; nil if no driver of this build accepts it.
---@param url? string
---@return rille.Provider?
function providers.of_url(url) return url and by_name[core.url_provider(url)] end

--- Returns the database of an open client or transaction.
---@param scope userdata
---@return rille.Provider
function providers.of_scope(scope) return by_name[core.provider(scope)] end

--- Returns the database of a parsed schema; nil if it names none.
---@param schema userdata
---@return rille.Provider?
function providers.of_schema(schema) return by_name[core.schema_provider(schema)] end

--- Raises P2026 if the database lacks a capability.
---@param scope userdata
---@param capability string a field of rille.Provider
---@param method string
---@param what string the capability in a sentence: "notifications"
function providers.check(scope, capability, method, what)
  local own = providers.of_scope(scope)
  if own[capability] then return end
  local others = {}
  for _, p in ipairs(providers.list) do
    if p[capability] then others[#others + 1] = p.title end
  end
  errors.raise("P2026", "%s: %s has no %s%s", method, own.title, what, #others > 0 and "; they exist on " .. table.concat(others, ", ") or "")
end

return providers
