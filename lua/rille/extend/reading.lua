--- Reading through extensions in other ways than one call: each, paginate, explain.
local core = require "rille.core"
local client = require "rille.client"
local computed = require "rille.extend.computed"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local options = require "rille.options"
local paginate = require "rille.paginate"
local providers = require "rille.providers"
local unwrap = require "rille.unwrap"

local RAW = unwrap.KEY

local reading = {
  DB = {}, -- the keys of the client and of what the chain means, in a model
  INFO = {},
}
local DB = reading.DB

--- Returns the names of the fields that a client omits, as a set: "user.password".
function reading.omitted(chain, raw)
  if not chain.omitted then
    local _, list = core.model_scope(raw)
    chain.omitted = {}
    for _, name in ipairs(list or {}) do chain.omitted[name] = true end
  end
  return chain.omitted
end

--- Returns the arguments of a call without computed fields, and what is to be done with its rows.
---@param self table a model
---@param info table
---@param args table
---@return table args
---@return table|nil shape
function reading.expand(self, info, args)
  local chain, raw = info.chain, rawget(self, RAW)
  local scope = core.model_scope(raw)
  return computed.expand({ info = function(name) return chain:info(scope, name) end, omitted = reading.omitted(chain, raw) }, info, args)
end

local function plain_args(args, what)
  if args == nil then return {} end
  if type(args) ~= "table" then options.refuse(what, "a table of arguments", args) end
  return core.plain(args, what)
end

-- --------------------------------------------------------------------------------------------------------------------------------------- each

local BATCH = 500

-- The rows of one stream. It is opened by the first read.
local Stream = {}
Stream.__index = Stream
function Stream.__close(stream)
  local guard = stream.guard
  stream.guard = nil
  local close = guard and (getmetatable(guard) or {}).__close
  if close then close(guard) end
end

function Stream:open(args)
  local raw = rawget(self.model, RAW)
  local new, shape = args, nil
  if self.info.chain.has_computed then new, shape = reading.expand(self.model, self.info, args) end
  new = facts.copy(new)
  new.batch, new.as, new.bigint = self.size, nil, nil
  local next_one, _, _, guard = raw:each(new)
  self.next, self.guard, self.shape = next_one, guard, shape
end

-- Returns the rows of the next batch, without computed fields. One row more is read, so that no batch but the first is empty.
function Stream:read(args)
  if not self.next then
    self:open(args)
    self.ahead = self.next()
  end
  local rows = core.array {}
  while self.ahead ~= nil and #rows < self.size do
    rows[#rows + 1] = self.ahead
    self.ahead = self.next()
  end
  self.ended = self.ahead == nil
  self.count = self.count + 1
  return rows
end

-- Returns the next batch as the caller gets it; an empty list at the end.
function Stream:batch()
  if self.ended then return {} end
  local rows
  local before = self.count
  if self.call then rows = self.pass_hooks(self.call, 1, self.args) else rows = self:read(self.args) end
  if self.count == before then self.ended = true end -- a function gave its own rows
  if type(rows) ~= "table" then errors.raise("VALIDATION", "extend: query: a function around find_many must return rows, got %s", errors.type_name(rows)) end
  computed.apply(self.shape, rows, true)
  return rows
end

local function next_row(stream)
  local at = 0
  local rows = {}
  return function()
    at = at + 1
    while rows[at] == nil do
      if stream.ended then return nil end
      rows, at = stream:batch(), 1
    end
    return rows[at]
  end
end

local function next_text(stream, bigint)
  local begun, ended = false, false
  return function()
    while not ended do
      local rows = stream:batch()
      local text = core.json.encode(core.array(rows), false, bigint, rawget(stream.model, RAW)):sub(2, -2)
      local piece = (begun and (#rows > 0 and "," or "") or "[") .. text
      begun, ended = true, stream.ended
      if ended then piece = piece .. "]" end
      if piece ~= "" then return piece end
    end
    return nil
  end
end

--- The method `each`: the functions around find_many get the rows batch by batch. The arguments that the first of these calls passes on are those of
--- the stream.
function reading.each(self, info, args, pass_hooks)
  local raw, hooks = rawget(self, RAW), info.hooks.find_many
  if not hooks and not info.chain.has_computed or args ~= nil and (type(args) ~= "table" or core.decoded(args)) then return raw:each(args) end
  args = plain_args(args, "each")
  local size = args.batch == nil and BATCH or args.batch
  if type(size) ~= "number" or size < 1 or size % 1 ~= 0 or args.as ~= nil and args.as ~= "json" then return raw:each { batch = size, as = args.as } end
  local stream = setmetatable({ model = self, info = info, size = size, count = 0, pass_hooks = pass_hooks }, Stream)
  local rest = facts.copy(args)
  rest.as, rest.bigint, rest.batch = nil, nil, nil
  stream.args = rest
  if hooks then
    stream.call = { hooks = hooks, model = info.name, action = "find_many", db = rawget(self, DB) }
    function stream.call.perform(new) return stream:read(new) end
  end
  local iterator = args.as and next_text(stream, args.bigint == "string") or next_row(stream)
  return iterator, nil, nil, stream
end

-- ----------------------------------------------------------------------------------------------------------------------------------- paginate

-- Reads rows and total through the methods of the model, which see one state of the database.
local function read_through(self, name)
  return function(find, where, counts)
    local function both(one) return one:find_many(find), counts and one:count { where = where } or nil end
    local db = rawget(self, DB)
    if not counts or rawget(db, client.IN_TRANSACTION) then return both(self) end
    local server = providers.of_scope((core.model_scope(rawget(self, RAW)))).server
    return db:transaction(function(tx) return both(tx[name]) end, { read_only = true, isolation_level = server and "repeatable_read" or nil })
  end
end

--- The method `paginate`.
function reading.paginate(self, info, args)
  local raw = rawget(self, RAW)
  if info.hooks.find_many or info.hooks.count then return paginate(raw, args, read_through(self, info.name)) end
  if not info.chain.has_computed or args ~= nil and (type(args) ~= "table" or core.decoded(args)) then return paginate(raw, args) end
  local new, shape = reading.expand(self, info, plain_args(args, "paginate"))
  if not shape then return paginate(raw, args) end
  return paginate(raw, new, nil, function(rows) computed.apply(shape, rows, true) end)
end

-- ------------------------------------------------------------------------------------------------------------------------------------ explain

local STOP = {} -- raised where the call would be made

-- Returns the arguments that the functions around a call pass on at last.
local function arguments_of(self, info, action, args, pass_hooks)
  local found
  local call = { hooks = info.hooks[action], model = info.name, action = action, db = rawget(self, DB) }
  function call.perform(new)
    found = new
    error(STOP, 0)
  end
  local ok, e = pcall(pass_hooks, call, 1, args)
  if not ok and e ~= STOP and not found then error(e, 0) end
  return found or args
end

--- The method `explain`: of the call as the functions around it change it. They are left where they call `run`.
function reading.explain(self, info, args, pass_hooks)
  local raw = rawget(self, RAW)
  local action = type(args) == "table" and (args.action == nil and "find_many" or args.action)
  if type(args) ~= "table" or core.decoded(args) or type(action) ~= "string" or not rawget(core.methods, action) then return raw:explain(args) end
  local new = facts.copy(core.plain(args, "explain"))
  new.action = nil
  if info.hooks[action] then new = facts.copy(arguments_of(self, info, action, new, pass_hooks)) end
  if info.chain.has_computed then new = facts.copy((reading.expand(self, info, new))) end
  new.action = action
  return raw:explain(new)
end

return reading
