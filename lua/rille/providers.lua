--- The databases that rille speaks to, as the core knows them: what is asked here is asked by name of what is meant, never by a database's name.
local core = require "rille.core"
local errors = require "rille.errors"

---@class rille.Provider
---@field name string as a schema writes it
---@field title string as a sentence writes it
---@field id string part of the names of its own files
---@field schemes string[] of its URLs
---@field first_url string what a new project's DATABASE_URL is
---@field memory_url? string of a database that is gone when it is closed
---@field library string through which its driver speaks to it
---@field library_version? string as loaded
---@field built boolean this build has its driver
---@field server boolean its URLs name a server
---@field file_based boolean a database is a file
---@field notifications boolean
---@field advisory_locks boolean

local providers = { list = core.providers() }

local by_name = {}
for _, p in ipairs(providers.list) do by_name[p.name] = p end

--- Of a schema's provider; nil when it names none that rille speaks to.
---@param name? string
---@return rille.Provider?
function providers.named(name) return name and by_name[name] end

--- Nil when no driver of this build takes such a URL.
---@param url? string
---@return rille.Provider?
function providers.of_url(url) return url and by_name[core.url_provider(url)] end

--- Of an open client or transaction.
---@param scope userdata
---@return rille.Provider
function providers.of_scope(scope) return by_name[core.provider(scope)] end

--- Of a parsed schema; nil when it names none.
---@param schema userdata
---@return rille.Provider?
function providers.of_schema(schema) return by_name[core.schema_provider(schema)] end

--- Raises P2026 unless the database has this.
---@param scope userdata
---@param capability string a field of rille.Provider
---@param method string
---@param what string in words: "notifications"
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
