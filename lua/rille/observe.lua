--- Observing a client: handlers, the log, and what the core must record for them.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"
local repeats = require "rille.repeats"

local methods = client.methods
local observe = {}

--- The names of events.
local EVENTS = { query = true, slow = true, n_plus_one = true, warn = true, fault = true, cache = true }
-- Bits of core.observe and of core.watch.
local QUERIES, SLOW, WARNINGS, METRICS, CACHE = 1, 2, 4, 8, 16
local REPORT, CALLS = 1, 2
local LOG_WORDS = { "query", "slow", "n_plus_one", "warn", "fault", "cache" }

-- One per client, with its derived clients and transactions.
local Observer = {}
Observer.__index = Observer

local function has(list) return list and #list > 0 end

-- Sets what the core records.
function Observer:apply()
  local handlers, what = self.handlers, 0
  if has(handlers.query) then what = what + QUERIES end
  if has(handlers.slow) then what = what + SLOW end
  if has(handlers.warn) then what = what + WARNINGS end
  if has(handlers.cache) then what = what + CACHE end
  if self.metrics then what = what + METRICS end
  local watched = (what > 0 and what ~= METRICS) and REPORT or 0
  if self.n_plus_one then watched = watched + CALLS end
  core.observe(self.scope, { what = what, slow_ms = self.slow_ms, pool_wait_ms = self.pool_wait_ms, params_length = self.params_length })
  core.watch(self.scope, self.functions, watched)
end

local function run_handlers(observer, list, event)
  for _, entry in ipairs { (table.unpack or unpack)(list) } do -- luacheck: ignore
    local ok, e = pcall(entry.handler, event)
    if not ok then observer:handler_failed(event, e) end
  end
end

-- Reports the error of a handler as a warning, because the caller must get the result of the call. A handler of warnings is reported on stderr.
function Observer:handler_failed(event, e)
  local text = ("a handler of \"%s\" events has raised an error: %s"):format(event.event, tostring(e))
  local warned = self.handlers.warn
  if event.event == "warn" or not has(warned) then
    io.stderr:write("rille warn ", text, "\n")
    return
  end
  run_handlers(self, warned, { event = "warn", kind = "warn", message = text, time = event.time })
end

local function copy(event)
  local other = {}
  for key, value in pairs(event) do other[key] = value end
  return other
end

--- Calls the handlers of an event.
function Observer:emit(name, event)
  local list = self.handlers[name]
  if not has(list) then return end
  event.event = name
  run_handlers(self, list, event)
end

function Observer:dispatch(event)
  if event.kind == "warn" or event.kind == "cache" then return self:emit(event.kind, event) end
  local slow = event.slow and has(self.handlers.slow) and copy(event)
  if event.kind ~= "query" then event.slow = nil end -- a commit may wait for long
  self:emit("query", event)
  if slow then self:emit("slow", slow) end
end

-- Reports all recorded events. Calls that a handler makes are not reported: a handler that writes its events to a table would never end.
function Observer:drain(scope)
  local list = {}
  for event in core.next_event, scope do list[#list + 1] = event end
  if self.reporting then return end
  self.reporting = true
  for _, event in ipairs(list) do self:dispatch(event) end
  self.reporting = false
end

-- How many lines of the application are remembered: generated code may have any number.
local MOST_PLACES = 1000

--- Warns of a call on the client inside a transaction of the same coroutine, once per line with such a call. Without a handler of warnings it is a line on
--- stderr.
---@param place? string
---@param model? string as in the schema; nil: not a call of a model
---@param name? string as in the client
function Observer:warn_inside(place, model, name)
  local key = place or "?"
  if self.reporting or self.places[key] then return end
  if self.place_count == MOST_PLACES then self.places, self.place_count = {}, 0 end
  self.places[key], self.place_count = true, self.place_count + 1
  local text = ("%s inside db:transaction at %s: it runs on another connection, does not see what the transaction has written, and is not rolled back "
    .. "with it; call %s instead, where tx is what the function of the transaction receives"):format(name and "a call on db." .. name or "a call on db", key,
    name and "tx." .. name or "the same method of tx")
  local event = { kind = "warn", message = text, model = model, place = place, time = core.clock() }
  self.reporting = true
  if has(self.handlers.warn) then self:emit("warn", event) else io.stderr:write("rille warn ", text, "\n") end
  self.reporting = false
end

--- Reports what an action hides from its caller. Without a handler it is a line on stderr: otherwise nobody would learn of it.
---@param event table
function Observer:fault(event)
  if has(self.handlers.fault) then return self:emit("fault", event) end
  event.event = "fault"
  io.stderr:write(observe.line(event), "\n")
end

--- Returns a new observer of a client.
---@param scope userdata of the client that was opened
function observe.new(scope)
  local observer = setmetatable({ scope = scope, handlers = {}, metrics = false, places = {}, place_count = 0 }, Observer)
  observer.functions = {
    after = function(from) observer:drain(from) end,
    call = function(...) observer.n_plus_one:call(...) end,
    inside = function(...) observer:warn_inside(...) end,
  }
  return observer
end

--- Adds a handler; returns the function that removes it.
function Observer:add(name, handler)
  local list = self.handlers[name] or {}
  local entry = { handler = handler }
  self.handlers[name] = list
  list[#list + 1] = entry
  self:apply()
  return function()
    for i, known in ipairs(list) do
      if known == entry then
        table.remove(list, i)
        self:apply()
        return
      end
    end
  end
end

local is_callable = options.is_callable

local function check_event(name, where)
  if EVENTS[name] then return end
  local near = type(name) == "string" and errors.nearest(name, EVENTS)
  errors.raise("VALIDATION", "%s: unknown event `%s`%s", where, tostring(name),
    near and ("; did you mean `%s`?"):format(near) or '; events are "query", "slow", "n_plus_one", "warn", "fault" and "cache"')
end

--- Calls fn(event) for the events of this client and its derived clients from now on, after each call, in order. "query": each statement, also BEGIN and
--- COMMIT; "slow": the statements that took slow_ms or more; "n_plus_one": see the option n_plus_one; "warn": what should be checked; "fault": what an action
--- hides from its caller; "cache": how the cache has answered. An error in fn
--- does not affect results: it becomes a "warn" event. fn must not wait for a scheduler. Its own calls block and are not reported. See
--- docs/observing.md.
---@param name "query"|"slow"|"n_plus_one"|"warn"|"fault"|"cache"
---@param fn fun(event: rille.Event)
---@return fun() off removes the handler
function methods:on(name, fn)
  local scope = client.scope(self, "on")
  if self[client.IN_TRANSACTION] then errors.raise("VALIDATION", "on: a transaction has no handlers; add one to the client") end
  check_event(name, "on")
  if not is_callable(fn) then options.refuse("on", "a function, as in db:on(\"query\", function(event) ... end)", fn) end
  local observer = self[client.SHARED].observer
  observer.scope = scope -- its first client may be closed
  return observer:add(name, fn)
end

-- ---------------------------------------------------------------------------------------------------------------------------------------- the log

-- Returns the text as one line.
local function one_line(text)
  return (text:gsub("%s+", " "):gsub("%c", function(c) return ("\\x%02x"):format(c:byte()) end))
end

--- Returns an event as one readable line.
---@param event rille.Event
---@return string
function observe.line(event)
  local parts = { "rille", event.event }
  local function add(format, value)
    if value ~= nil then parts[#parts + 1] = format:format(value) end
  end
  add("%.2f ms", event.duration_ms)
  add("%s", event.model and event.action and event.model .. "." .. event.action or event.action)
  add("%s", event.label and one_line(event.label))
  add("%s", event.answer)
  add("rows=%d", event.rows)
  add("error=%s", event.error)
  add("%s", event.message and one_line(event.message))
  add("%s", event.sql and one_line(event.sql))
  add("%s", event.params ~= "[]" and event.params and one_line(event.params) or nil)
  add("transaction=%d", event.transaction)
  if not (event.sql and event.trace and event.sql:find(event.trace, 1, true)) then add("trace=%s", event.trace) end
  return table.concat(parts, " ")
end

local function to_stderr(event) io.stderr:write(observe.line(event), "\n") end

local function log_words(log)
  if type(log) == "string" then log = { log } end
  if type(log) ~= "table" then
    options.refuse("rille.connect: log", 'a list, as in { "query", "slow", "warn" }, or a function', log)
  end
  log = core.plain(log, "rille.connect: log")
  for _, word in ipairs(log) do check_event(word, "rille.connect: log") end
  return log
end

local function add_all(observer, words, handler)
  for _, word in ipairs(words) do
    observer.handlers[word] = observer.handlers[word] or {}
    table.insert(observer.handlers[word], { handler = handler })
  end
end

--- Checks the options of rille.connect, and returns what they ask for.
---@param given rille.ConnectOptions
---@return table
function observe.check(given)
  local log = given.log
  local wanted = {
    slow_ms = given.slow_ms and math.floor(given.slow_ms),
    metrics = given.metrics,
    params = given.log_params,
    n_plus_one = repeats.check(given.n_plus_one),
    handler = log ~= nil and log ~= false and (is_callable(log) and log or to_stderr) or nil,
  }
  if wanted.handler then wanted.words = wanted.handler == log and LOG_WORDS or log_words(log) end
  return wanted
end

--- Sets the observer of a client object.
---@param db rille.Client
---@param wanted table of observe.check
---@return rille.Client
function observe.attach(db, wanted)
  local observer = observe.new(rawget(db, client.SCOPE))
  db[client.SHARED].observer = observer
  observer.slow_ms, observer.metrics = wanted.slow_ms, wanted.metrics or false
  if wanted.params == false then observer.params_length = -1 end
  if wanted.handler then add_all(observer, wanted.words, wanted.handler) end
  if wanted.n_plus_one then
    observer.n_plus_one = repeats.new(observer, wanted.n_plus_one)
    local logged = wanted.n_plus_one.report == "error" or has(observer.handlers.n_plus_one)
    if not logged then add_all(observer, { "n_plus_one" }, to_stderr) end
  end
  if wanted.handler or wanted.n_plus_one or wanted.metrics then observer:apply() else core.watch(observer.scope, observer.functions, 0) end
  return db
end

client.opening[#client.opening + 1] = {
  check = observe.check,
  open = observe.attach,
}

return observe
