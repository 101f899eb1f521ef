--- N+1: repeated reads of one shape from one place in the application, which a single call could have read together.
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"

local repeats = {}

local MORE_THAN, WITHIN = 10, 1000
local REPEATS = options.declare("rille.NPlusOneOptions", {
  { "report", "word", one_of = { "warn", "error" }, doc = '"warn"' },
  { "more_than", "number", least = 1, is = "integer", doc = "calls: 10" },
  { "within", "number", least = 1, ms = true, is = "integer", doc = "milliseconds: 1000" },
  { "scope", "function", is = "fun(): any", doc = "what distinguishes one request from the next; nil outside of a request" },
})

--- Returns the settings of the option n_plus_one of rille.connect; nil: off.
---@param option nil|false|"warn"|"error"|table
---@return { report: string, more_than: integer, within: number, scope?: function }|nil
function repeats.check(option)
  if option == nil or option == false then return nil end
  if type(option) ~= "table" then option = { report = option } end
  options.check(REPEATS, option, "rille.connect: n_plus_one")
  return { report = option.report or "warn", more_than = option.more_than or MORE_THAN, within = option.within or WITHIN, scope = option.scope }
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ shapes

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local DEPTH_MAX = 12

-- A value without its varying parts: { where = { authorId = ? } }
local function shape_of(value, depth)
  if type(value) == "boolean" then return tostring(value) end
  if type(value) ~= "table" or depth > DEPTH_MAX then return "?" end
  if #value > 0 then return ("{ %s, ... }"):format(shape_of(value[1], depth + 1)) end
  local parts = {}
  for _, key in ipairs(sorted_keys(value)) do parts[#parts + 1] = ("%s = %s"):format(tostring(key), shape_of(value[key], depth + 1)) end
  return #parts == 0 and "{}" or ("{ %s }"):format(table.concat(parts, ", "))
end

-- Every key of a where, however deep.
local function keys_of(where, out, depth)
  if type(where) ~= "table" or depth > DEPTH_MAX then return out end
  for key, value in pairs(where) do
    if type(key) == "string" then out[#out + 1] = key end
    keys_of(value, out, depth + 1)
  end
  return out
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ places

local OWN = debug.getinfo(1, "S").source:match "^(.*)repeats%.lua$"

local function is_own(source) return OWN and #OWN > 1 and source:sub(1, #OWN) == OWN and not source:find("[/\\]", #OWN + 1) end

-- Where in the application the call is: the first function that is neither a C function nor of this library.
local function caller()
  local level = 3
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return "?" end
    if info.what ~= "C" and info.currentline > 0 and not is_own(info.source) then return ("%s:%d"):format(info.short_src, info.currentline) end
    level = level + 1
  end
end

-- ----------------------------------------------------------------------------------------------------------------------------------------- counting

local READS = { query_raw = true }
for _, action in ipairs(core.actions) do
  if not action.writes then READS[action.name] = true end
end

local Counter = {}
Counter.__index = Counter

--- Creates the counter of a client.
---@param observer table takes the events
---@param settings table of repeats.check
function repeats.new(observer, settings)
  return setmetatable({ observer = observer, settings = settings, scopes = setmetatable({}, { __mode = "k" }) }, Counter)
end

-- The transaction of these anchors, also for a savepoint.
local function outermost(anchors)
  while anchors.parent and anchors.parent.parent do anchors = anchors.parent end
  return anchors
end

local MAIN = {}

-- Which calls are counted together: those of a transaction, of a scope, of a coroutine, or of the main program; and whether time counts.
function Counter:scope_of(anchors, in_transaction)
  if in_transaction then return outermost(anchors), false end
  local own = self.settings.scope and self.settings.scope()
  if own ~= nil and own ~= false then
    if type(own) == "table" or type(own) == "userdata" then return own, false end
    self.named = self.named or {}
    local name = tostring(own)
    if self.named.name ~= name then self.named = { name = name } end
    return self.named, false
  end
  local running, main = coroutine.running()
  return (running and not main) and running or MAIN, true
end

local function names_of(call)
  local model = type(call.owner) == "userdata" and call.action ~= "query_raw" and core.model_name(call.owner) or nil
  return model, model and ("%s.%s"):format(model, call.action) or call.action
end

-- If time counts, a run ends after a while.
local function begin(entry, outer, now)
  entry.count, entry.since = 0, now
  if outer ~= entry then entry.outer = outer end
end

-- A call that ran more than once since the previous time of this call runs inside of it: a new iteration of a loop, or a new request, begins.
local function begin_round(scope, entry)
  local before = entry.before
  for _, other in pairs(scope.entries) do
    if before and other ~= entry and other.calls - (before[other] or 0) > 1 then other.since = nil end
  end
  before = before or {}
  for _, other in pairs(scope.entries) do before[other] = other.calls end
  entry.before = before
end

-- Returns the include that would have read these rows, and its read: the nearest one before whose model has a relation to this model.
local function fix(scope, entry, where)
  if not entry.model then return nil end
  local keys, outer, steps = keys_of(where, {}, 0), entry.outer, 0
  while outer and steps < 10 do
    local field = outer.model and core.relation(scope, outer.model, entry.model, keys)
    if field then
      local counts = entry.action == "count" or entry.action == "exists"
      local text = counts and "include = { _count = { select = { %s = true } } }" or "include = { %s = true }"
      return text:format(field), outer
    end
    outer, steps = outer.outer, steps + 1
  end
  return nil
end

local function advice(entry, include, outer)
  if include then return ("with %s the %s at %s reads them all"):format(include, outer.call, outer.place) end
  if entry.model then return "an `include` of the call before, or one find_many with where = { <key> = { [\"in\"] = list } }, reads them all" end
  return "one statement with a list of keys reads them all"
end

function Counter:report(entry, args, scope)
  local include, outer = fix(scope, entry, type(args) == "table" and args.where)
  local event = { kind = "n_plus_one", model = entry.model, action = entry.action, shape = entry.shape, count = entry.count, place = entry.place,
    include = include, outer_model = outer and outer.model, outer_place = outer and outer.place,
    message = ("N+1: %d times %s at %s, each with %s; %s"):format(entry.count, entry.call, entry.place, entry.shape,
      advice(entry, include, outer)) }
  if self.settings.report == "warn" then
    self.observer:emit("n_plus_one", event)
    return
  end
  if entry.count == self.settings.more_than + 1 then self.observer:emit("n_plus_one", event) end
  error(errors.new("VALIDATION", event.message, { model = event.model, place = event.place, count = event.count, include = include }), 0)
end

local function entry_of(scope, call, args)
  local model, name = names_of(call)
  local shape = type(args) == "table" and shape_of(args, 0) or tostring(args or "{}")
  local place = caller()
  local key = table.concat({ place, name, shape }, "\0")
  local entry = scope.entries[key]
  if not entry then
    entry = { model = model, action = call.action, call = name, shape = shape, place = place, count = 0, calls = 0 }
    scope.entries[key] = entry
  end
  return entry
end

--- Counts a read, before it is sent; raises an error if the option says so.
---@param owner userdata model or client
---@param action string
---@param args table|string|nil arguments, or SQL
---@param anchors table
---@param in_transaction boolean
---@param now number milliseconds
function Counter:call(owner, action, args, anchors, in_transaction, now)
  if not READS[action] or self.observer.reporting then return end
  local key, timed = self:scope_of(anchors, in_transaction)
  local scope = self.scopes[key] or { entries = {} }
  self.scopes[key] = scope
  local entry = entry_of(scope, { owner = owner, action = action }, args)
  begin_round(scope, entry)
  if not entry.since or (timed and now - entry.since > self.settings.within) then begin(entry, scope.last, now) end
  entry.count, entry.calls = entry.count + 1, entry.calls + 1
  scope.last = entry
  local most = self.settings.more_than
  if entry.count == most + 1 or (entry.count > most and self.settings.report == "error") then self:report(entry, args, anchors.scope) end
end

return repeats
