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
  { "timeout", "number", least = 0, ms = true, is = "integer", doc = "milliseconds without a notification after which listening ends" },
  { "on_listen", "function", is = "fun(again: boolean)",
    doc = "called when listening has begun; again: after a lost connection, when notifications may have been missed" },
})
local LONGEST_NAME, LONGEST_PAYLOAD = 63, 7999

local function check_name(method, channel)
  if type(channel) ~= "string" then options.refuse(method, "the name of a channel", channel) end
  if channel == "" or #channel > LONGEST_NAME or channel:find "%z" then
    options.refuse(method, ("the name of a channel, 1 to %d bytes and no zero byte"):format(LONGEST_NAME), channel,
      ('"%s"'):format((channel:sub(1, 80):gsub("%z", "\\0"))))
  end
end

local function check_provider(scope, method) providers.check(scope, "notifications", method, "notifications") end

--- Notifies all listeners of a channel. In a transaction, this happens when it commits. PostgreSQL only. Errors: VALIDATION (a name has 1 to 63 bytes,
--- a payload at most 7999), P2026 on SQLite.
---@param channel string
---@param payload? string
function methods:notify(channel, payload)
  local scope = client.scope(self, "notify")
  check_provider(scope, "notify")
  check_name("notify", channel)
  if payload ~= nil and type(payload) ~= "string" then
    errors.raise("VALIDATION", "notify: payload: expected a string, got %s; encode a table with rille.json.encode", errors.type_name(payload))
  end
  payload = payload or ""
  if #payload > LONGEST_PAYLOAD or payload:find "%z" then
    errors.raise("VALIDATION", "notify: payload: expected at most %d bytes and no zero byte, got %d bytes; store it and send its key",
      LONGEST_PAYLOAD, #payload)
  end
  -- A SELECT writes nothing that cached answers depend on. The name of the function keeps it from replicas.
  self[client.SHARED].steps.query(scope, "SELECT count(*) FROM (SELECT pg_notify($1, $2)) AS sent", { channel, payload }, 2, nil, nil, true)
end

local function list_of(method, channels)
  if type(channels) == "string" then channels = { channels } end
  if type(channels) == "table" then channels = core.plain(channels, method) end
  if type(channels) ~= "table" or #channels == 0 then
    options.refuse(method, "the name of a channel or a list of names", channels, type(channels) == "table" and "an empty table" or nil)
  end
  for _, channel in ipairs(channels) do check_name(method, channel) end
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
    errors.raise("VALIDATION", "%s: has its own connection and cannot be part of a transaction; use the client", method)
  end
  check_provider(scope, method)
  given = options.check(LISTEN, given, method)
  local guard = { scope = scope, options = given, listener = core.listen(scope, list_of(method, channels)) }
  return setmetatable(guard, Guard)
end

-- Returns the next notification; nil after `timeout`, which starts when listening has begun.
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

--- Returns an iterator over the notifications of channels, for a generic `for`. It ends after `timeout` milliseconds without a notification; by default
--- never. The loop may be left by `break`; before Lua 5.4 its connection is then closed by the garbage collector. Otherwise like listen.
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

--- Calls fn(n) for each notification n = { channel, payload, pid } of the channels, until fn returns false or raises, or there was none for `timeout`
--- milliseconds. In a coroutine of a cooperative client it waits in the scheduler, elsewhere it blocks. It has its own connection, which the pool does
--- not count. If the connection is lost, it connects again, with pauses that grow to ten seconds. on_listen(again) is called each time listening has
--- begun: what is read from then on misses nothing; `again`: notifications may have been missed before. Errors: those of the first connection; P2026 on
--- SQLite and behind a pooler in transaction mode.
---@param channels string|string[]
---@param fn fun(n: rille.Notification): boolean|nil
---@param given? rille.ListenOptions
---@return boolean stopped true: fn returned false; false: `timeout` has passed
function methods:listen(channels, fn, given)
  if type(fn) ~= "function" then
    options.refuse("listen", "a function, as in db:listen(\"channel\", function(n) ... end)", fn)
  end
  local guard = open(self, "listen", channels, given)
  return guarded(guard, listen, guard, fn)
end

return methods
