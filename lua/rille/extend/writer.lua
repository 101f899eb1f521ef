--- Calls that write rows with hooks: the entry of `write`. Such a call runs in a transaction, or in a savepoint of the caller's, in which every row is
--- written with its hooks.
local core = require "rille.core"
local client = require "rille.client"
local concern = require "rille.extend.concern"
local errors = require "rille.errors"
local reading = require "rille.extend.reading"
local unwrap = require "rille.unwrap"
local Writer = require "rille.extend.many"

local RAW, DB = unwrap.KEY, reading.DB

local writer = {}

-- Hooks that write call hooks. More levels than this are a circle.
local MOST_LEVELS = 16
-- How often a write begins again because another transaction has inserted a row that it did not find.
local MOST_ATTEMPTS = 3

-- ---------------------------------------------------------------------------------------------------------------------------------- the methods

local ACTIONS = {}

function ACTIONS.create(w, info, args) return w:answer(info, w:create(info, args.data, "data"), args) end

function ACTIONS.update(w, info, args)
  local found = w:find(info, "find_unique", args.where) or Writer.not_found(info, "update")
  return w:answer(info, w:update(info, found, args.data, "data"), args)
end

function ACTIONS.upsert(w, info, args)
  local found = w:find(info, "find_unique", args.where)
  if found then return w:answer(info, w:update(info, found, args.update, "update"), args) end
  w:missed(args.where)
  return w:answer(info, w:create(info, args.create, "create"), args)
end

function ACTIONS.delete(w, info, args)
  local found = w:find(info, "find_unique", args.where) or Writer.not_found(info, "delete")
  local answer = w:answer(info, found, args)
  w:remove(info, found)
  return answer
end

function ACTIONS.create_many_and_return(w, info, args)
  return w:answers(info, w:create_many(info, concern.rows(args.data), args.skip_duplicates, "data"), args)
end

function ACTIONS.create_many(w, info, args) return { count = #w:create_many(info, concern.rows(args.data), args.skip_duplicates, "data") } end

function ACTIONS.update_many(w, info, args) return { count = select(2, w:update_many(info, args)) } end

function ACTIONS.update_many_and_return(w, info, args) return w:answers(info, (w:update_many(info, args)), args) end

function ACTIONS.upsert_many(w, info, args) return { count = w:upsert_many(info, args) } end

function ACTIONS.delete_many(w, info, args) return { count = w:delete_many(info, args) } end

-- ------------------------------------------------------------------------------------------------------------------------------------- the call

-- Finds the caller's mistakes before anything is sent. Hooks may give what is missing, or correct what breaks a rule; the write itself checks it again.
local function check(raw, info, args, action)
  for _, e in ipairs(core.faults(raw, args, action) or {}) do
    if e.code ~= "P2012" and e.code ~= "INPUT" then
      e.text, e.meta.model = nil, e.meta.model or info.name
      error(e, 0)
    end
  end
end

-- Whether the client leaves out fields of a model unless they are selected.
local function omits_of(chain, raw)
  local omitted = reading.omitted(chain, raw)
  return function(info)
    if info.omits == nil then
      info.omits = false
      for name in pairs(omitted) do info.omits = info.omits or name:match "^(.*)%." == info.facts.snake end
    end
    return info.omits
  end
end

local function attempt(call, tx)
  rawset(tx, client.HOOK_DEPTH, call.depth + 1)
  local w = Writer.new(tx, rawget(tx, client.SCOPE), call.info.chain)
  w.omits = call.omits
  call.writer = w
  local result = ACTIONS[call.action](w, call.info, call.args)
  w:finish()
  return result
end

local function judge(call, ok, ...)
  if ok then return true, ... end
  local e = ...
  call.count = call.count + 1
  if call.count >= MOST_ATTEMPTS or not call.writer or not call.writer:lost_race(e) then error(e, 0) end
  return false
end

--- Returns whether a call writes rows with hooks.
---@param self table a model
---@param info table
---@param action string
---@param args table
---@return boolean
function writer.concerns(self, info, action, args)
  local scope = core.model_scope(rawget(self, RAW))
  local x = { info = function(name) return info.chain:info(scope, name) end }
  return ACTIONS[action] ~= nil and concern.call(x, info, action, args)
end

--- Runs a call if it writes rows with hooks. Returns whether it does, and the result.
---@param self table a model
---@param info table
---@param action string
---@param args table without computed fields
---@return boolean done
---@return any result
function writer.run(self, info, action, args)
  if not writer.concerns(self, info, action, args) then return false end
  local db, raw = rawget(self, DB), rawget(self, RAW)
  local depth = rawget(db, client.HOOK_DEPTH) or 0
  if depth >= MOST_LEVELS then
    errors.raise("VALIDATION", "extend: write: the hooks of %s call one another more than %d levels deep; does a hook write its own model?", info.name,
      MOST_LEVELS)
  end
  check(raw, info, args, action)
  local call = { info = info, action = action, args = args, depth = depth, count = 0, omits = omits_of(info.chain, raw) }
  while true do
    local done, result = judge(call, pcall(db.transaction, db, function(tx) return attempt(call, tx) end))
    if done then return true, result end
  end
end

return writer
