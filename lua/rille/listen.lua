--- Notifications: db:notify(channel, payload), db:listen(channels, fn, options), db:notifications(channels, options).
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local guarded = require "rille.guarded"
local options = require "rille.options"
local providers = require "rille.providers"
local wait = require "rille.wait"

local methods = client.methods

local LISTEN = options.declare("rille.ListenOptions", {
  { "timeout", "number", least = 0, ms = true, is = "integer", doc = "milliseconds without a notification after which it ends" },
  { "on_listen", "function", is = "fun(again: boolean)",
    doc = "called when the channels are listened to; again: after a loss, notifications may have been missed" },
})
local LONGEST_NAME, LONGEST_PAYLOAD = 63, 7999

local function check_name(channel)
  if type(channel) ~= "string" then errors.raise("VALIDATION", "the name of a channel is a string, not a %s", type(channel)) end
  if channel == "" or #channel > LONGEST_NAME or channel:find "%z" then
    errors.raise("VALIDATION", "\"%s\" cannot be the name of a channel: it has 1 to %d bytes, none of them zero",
      (channel:sub(1, 80):gsub("%z", "\\0")), LONGEST_NAME)
  end
end

local function check_engine(scope, method) providers.check(scope, "notifications", method, "notifications") end

--- Tells all who listen to a channel; within a transaction when it commits, and not at all when it is rolled back. On PostgreSQL.
--- Errors: VALIDATION (a name has 1 to 63 bytes, a payload at most 7999), P2026 on SQLite.
---@param channel string
---@param payload? string
function methods:notify(channel, payload)
  local scope = client.scope(self, "notify")
  check_engine(scope, "notify")
  check_name(channel)
  if payload ~= nil and type(payload) ~= "string" then
    errors.raise("VALIDATION", "notify: the payload is a string, not a %s; encode a table by rille.json.encode", type(payload))
  end
  payload = payload or ""
  if #payload > LONGEST_PAYLOAD or payload:find "%z" then
    errors.raise("VALIDATION", "notify: a payload has at most %d bytes, none of them zero; this one has %d: store it and tell its key",
      LONGEST_PAYLOAD, #payload)
  end
  -- Written so that nobody takes it for a mere read, which a replica could do.
  self[client.STEPS].query(scope, "WITH told AS (SELECT pg_notify($1, $2)) SELECT count(*) FROM told", { channel, payload }, 2)
end

local function list_of(method, channels)
  if type(channels) == "string" then channels = { channels } end
  if type(channels) == "table" then channels = core.plain(channels, method) end
  if type(channels) ~= "table" or #channels == 0 then
    errors.raise("VALIDATION", "%s takes the name of a channel or a list of names", method)
  end
  for _, channel in ipairs(channels) do check_name(channel) end
  return channels
end

local Guard = {}
function Guard.__close(guard)
  wait.forget(guard)
  core.listen_close(guard.listener)
end

local function open(self, method, channels, given)
  local scope = client.scope(self, method)
  if self[client.IN_TRANSACTION] then
    errors.raise("VALIDATION", "%s has a connection of its own and is not part of a transaction: use the client", method)
  end
  check_engine(scope, method)
  given = options.check(LISTEN, given, method)
  local guard = { scope = scope, options = given, listener = core.listen(scope, list_of(method, channels)) }
  return setmetatable(guard, Guard)
end

-- The next notification; nil when there was none for the time of `timeout`, which does not run before the channels are listened to.
local function next_of(guard)
  local listener, timeout, on_listen = guard.listener, guard.options.timeout, guard.options.on_listen
  while true do
    local what, a, b, c = core.listen_next(listener)
    if what == "heard" then
      core.listen_limit(listener, timeout)
      return { channel = a, payload = b, pid = c }
    elseif what == "listening" then
      if on_listen then on_listen(a) end
      core.listen_limit(listener, timeout)
    elseif what == "late" then
      return nil
    elseif what ~= "lost" then
      wait.once(guard.scope, guard, what, a, b)
    end
  end
end

--- An iterator of the notifications of channels, for a generic for: it ends when none came for `timeout` milliseconds, and without that never. The
--- loop may be left by `break`; in Lua before 5.4 its connection then ends with the next collection of garbage. See listen for the rest.
---@param channels string|string[]
---@param given? rille.ListenOptions
---@return fun(): rille.Notification|nil
function methods:notifications(channels, given)
  local guard = open(self, "notifications", channels, given)
  local function step()
    local n = next_of(guard)
    if n == nil then Guard.__close(guard) end
    return n
  end
  return step, nil, nil, guard
end

local function listen(guard, fn)
  while true do
    local n = next_of(guard)
    if n == nil then return false end
    if fn(n) == false then return true end
  end
end

--- Calls fn(n) for each notification n = { channel, payload, pid } of the channels, until fn returns false or raises, or none came for
--- `timeout` milliseconds. In a coroutine of a cooperative client it waits in the scheduler, elsewhere it blocks. It has a connection of its own,
--- which the pool does not count; after a loss it connects again, with pauses that grow to ten seconds, and listens anew. on_listen(again) is
--- called each time when the channels are listened to: what is read from then on misses nothing; `again` says that notifications may have been
--- missed before. Errors: those of connecting for the first time; P2026 on SQLite and behind a pooler in transaction mode.
---@param channels string|string[]
---@param fn fun(n: rille.Notification): boolean|nil
---@param given? rille.ListenOptions
---@return boolean stopped true: fn returned false; false: the time was up
function methods:listen(channels, fn, given)
  if type(fn) ~= "function" then
    errors.raise("VALIDATION", "listen takes a function, as in db:listen(\"channel\", function(n) ... end), not a %s", type(fn))
  end
  local guard = open(self, "listen", channels, given)
  return guarded(guard, listen, guard, fn)
end

return methods
