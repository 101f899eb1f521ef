--- Development: rows that refuse keys which were not read, and warnings of what is slow, repeated, or not migrated.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local migrations = require "rille.migrations"
local providers = require "rille.providers"
local status = require "rille.migrations_status"

local development = {}

-- ------------------------------------------------------------------------------------------------------------------------------------- strict rows

local function refuse(facts, known, key)
  for _, field in ipairs(facts.fields) do
    if field.name == key then
      local how = field.kind == "relation" and "include = { %s = true }" or "select = { %s = true }"
      errors.raise("VALIDATION", "row.%s: not selected; this row of %s was read without it, see " .. how, key, facts.name, key)
    end
  end
  local names = {}
  for name in pairs(known) do names[name] = true end
  for _, field in ipairs(facts.fields) do names[field.name] = true end
  local near = errors.nearest(key, names)
  errors.raise("VALIDATION", "row.%s: no such field in %s%s", tostring(core.message(key)), facts.name, near and ("; did you mean `%s`?"):format(near) or "")
end

local function changed(known, added, removed)
  local names = {}
  for name in pairs(known) do names[name] = true end
  for _, name in ipairs(added) do names[name] = true end
  for _, name in ipairs(removed) do names[name] = nil end
  return names
end

-- A key that was read and is not there is NULL. Keys that are no strings, and those that metamethods look for, are nil as in any table.
local metatable_of
function metatable_of(known, facts)
  return {
    ["rille.row"] = true,
    __index = function(_, key)
      if known[key] or type(key) ~= "string" or key:find "^__" then return nil end
      return refuse(facts, known, key)
    end,
    --- Returns the metatable of the same rows without some keys.
    without = function(names) return metatable_of(changed(known, {}, names), facts) end,
    --- Returns the metatable of the same rows with more keys, and then without some.
    changed = function(added, removed) return metatable_of(changed(known, added, removed), facts) end,
  }
end
core.set_strict(metatable_of)

-- ------------------------------------------------------------------------------------------------------------------------------ pending migrations

-- What can be called without a database.
local OFFLINE = { on = true, close = true, disconnect = true, metrics = true, schema = true }

local function pending_of(place)
  local folder = migrations.folder(place)
  local provider = providers.of_url(place.url)
  local in_memory = provider and provider.file_based and not core.url_file(place.url)
  if in_memory or not config.exists(folder) then return nil end
  local found, names = status.status { schema = place.schema, url = place.url }, {}
  for _, entry in ipairs(found.migrations) do
    if entry.state == "pending" then names[#names + 1] = entry.name end
  end
  return names, folder
end

local function warn(db, text)
  local observer = db[client.SHARED].observer
  local list = observer and observer.handlers.warn
  if not list or #list == 0 then
    io.stderr:write("rille warn ", text, "\n")
    return
  end
  observer:emit("warn", { kind = "warn", message = text, time = core.clock() })
end

-- A database that cannot be asked fails in the call itself.
local function check_migrations(db, place)
  local ok, names, folder = pcall(pending_of, place)
  if not ok or not names or #names == 0 then return end
  local shown = table.concat(names, ", ", 1, math.min(#names, 3)) .. (#names > 3 and ", ..." or "")
  warn(db, ("%d migration%s of %s %s pending: %s; `rille migrate dev` applies %s"):format(#names, #names == 1 and "" or "s", folder,
    #names == 1 and "is" or "are", shown, #names == 1 and "it" or "them"))
end

-- The metatable of a client until its first call.
local function first_call(place)
  local own = {}
  for key, value in pairs(client.metatable) do own[key] = value end
  function own.__index(db, name)
    if not OFFLINE[name] then
      setmetatable(db, client.metatable)
      check_migrations(db, place)
    end
    return client.metatable.__index(db, name)
  end
  return own
end

-- ----------------------------------------------------------------------------------------------------------------------------------------- options

local function is_on(given)
  if given.development ~= nil then return given.development end
  return os.getenv "RILLE_ENV" == "development"
end

-- Adds the warnings to a list of events for stderr. A function receives all events anyway.
local function with_warnings(log)
  if type(log) == "string" then log = { log } end
  if log ~= nil and type(log) ~= "table" then return log end
  local list, seen = {}, {}
  for _, words in ipairs { log or {}, { "slow", "warn", "n_plus_one" } } do
    for _, word in ipairs(core.plain(words, "rille.connect: log")) do
      if not seen[word] then seen[word], list[#list + 1] = true, word end
    end
  end
  return list
end

function client.in_development(given)
  if not is_on(given) then return given end
  local copy = {}
  for key, value in pairs(given) do copy[key] = value end
  copy.development = true
  if copy.n_plus_one == nil then copy.n_plus_one = "warn" end
  copy.log = with_warnings(copy.log)
  return copy
end

client.opening[#client.opening + 1] = {
  check = function(given)
    if not given.development or given.schema_text then return nil end
    return { schema = given.schema, url = given.url }
  end,
  open = function(db, place)
    if not place then return db end
    local ok, _, url = pcall(config.resolve, place)
    if ok then setmetatable(db, first_call { schema = place.schema, url = url }) end
    return db
  end,
}

return development
