--- Actions: what a form or a request does, from the permission to the answer, all or nothing.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local faults = require "rille.faults"
local input_options = require "rille.input"
local options = require "rille.options"
local unwrap = require "rille.unwrap"

local methods = client.methods

local ACTION = options.declare("rille.ActionOptions", {
  { "authorize", "function", is = "fun(context: table, form: table): boolean|nil, integer?",
    doc = "whether the call is allowed; false is status 403, or the status that is its second value" },
  { "input", "any", is = "rille.ActionInput|fun(form: table, context: table): table|nil, table?",
    doc = "what the form may say: `model`, and the options of model:input; or a function that returns the input, or nil and messages" },
  { "run", "function", required = true, is = "fun(tx: rille.Client, input: table|nil, context: table): any, table?",
    doc = "the action itself; returns the value of the answer, or nil and messages by field: then it is rolled back, status 422" },
  { "transaction", "any", is = "boolean|rille.TransactionOptions", doc = "the options of its transaction; false: it runs on the client" },
  { "revalidate", "table", such = '{ tags = { "posts" } }', is = "rille.ActionRevalidate", doc = "which cached answers are stale afterwards" },
  { "redirect", "any", is = "string|fun(value: any, context: table): string", doc = "a local path to go to afterwards" },
})
local REVALIDATE = options.declare("rille.ActionRevalidate", {
  { "paths", "any", is = "string[]|fun(value: any, context: table): string[]", doc = "paths of cached pages" },
  { "tags", "any", is = "string[]|fun(value: any, context: table): string[]", doc = "tags of cached answers" },
})

local is_callable = options.is_callable

-- ---------------------------------------------------------------------------------------------------------------------------------- afterwards

-- A browser takes //host and /\host for another site.
local function check_redirect(path)
  if type(path) ~= "string" then options.refuse("action: redirect", 'a local path such as "/posts"', path) end
  if not path:find "^/" or path:find "^/[/\\]" or path:find "[%c\\]" or path:find " " then
    errors.raise("VALIDATION", "action: redirect: expected a local path such as \"/posts\", got %q", path:sub(1, 100))
  end
  return path
end

local function redirect_of(action, value, context)
  local redirect = action.redirect
  if redirect == nil then return nil end
  if is_callable(redirect) then redirect = redirect(value, context) end
  return redirect ~= nil and check_redirect(redirect) or nil
end

local function words_of(given, what, value, context)
  if is_callable(given) then given = given(value, context) end
  if given == nil then return {} end
  if type(given) ~= "table" then options.refuse(what, "a list of strings", given) end
  local list = {}
  for i, word in ipairs(core.plain(given, what)) do
    if type(word) ~= "string" then options.refuse(("%s[%d]"):format(what, i), "a string", word) end
    list[i] = word
  end
  return list
end

-- ---------------------------------------------------------------------------------------------------------------------------------- the steps

local function authorize(action, form, context)
  if not action.authorize then return end
  local allowed, status = action.authorize(context, form)
  if allowed then return end
  if status == nil then status = 403 end
  faults.fail(status)
end

local function read_input(action, form, context)
  local input, messages, list
  if action.model then
    input, messages, list = action.model:input(form, action.allow)
    if input == nil then faults.refuse(422, messages, list) end
  elseif action.input then
    input, messages = action.input(form, context)
    if input == nil then faults.returned(messages or {}, "action: input") end
  end
  return input
end

-- Does nothing without a cache: the same action serves clients with and without one.
local function revalidate_all(tx, call)
  local scope = client.scope(tx, "action")
  if #call.tags + #call.paths > 0 and core.caches(scope) then tx[client.SHARED].steps.revalidate(scope, call.tags, call.paths) end
end

-- One attempt: what `run` returns, and what is to be done afterwards, before the commit: an error there rolls back.
local function attempt(action, tx, call)
  local ok, value, messages = pcall(action.run, tx, call.input, call.context)
  if not ok then
    local missing = faults.missing_parent(tx, value, call.input, action:facts(value))
    if missing then value.meta.missing = missing end
    error(value, 0)
  end
  if value == nil and messages ~= nil then faults.returned(messages, "action: run") end
  local revalidate = action.revalidate or {}
  call.tags = words_of(revalidate.tags, "action: revalidate.tags", value, call.context)
  call.paths = words_of(revalidate.paths, "action: revalidate.paths", value, call.context)
  call.redirect = redirect_of(action, value, call.context)
  revalidate_all(tx, call)
  return value
end

local function perform(action, call)
  authorize(action, call.form, call.context)
  call.input = read_input(action, call.form, call.context)
  if action.transaction == false then return attempt(action, action.db, call) end
  return action.db:transaction(function(tx) return attempt(action, tx, call) end, action.transaction)
end

-- ---------------------------------------------------------------------------------------------------------------------------------- the answer

-- As rille.form has it.
local function is_file(value)
  local keys = 0
  for _ in next, value do keys = keys + 1 end
  return keys == 3 and type(rawget(value, "name")) == "string" and type(rawget(value, "type")) == "string" and type(rawget(value, "content")) == "string"
end

local function readable(value) return type(value) == "string" and core.readable(value) or value end

-- The form as it may be shown again, or be encoded as JSON: without files, without fields that the client omits, in valid UTF-8. `copies`: of its tables;
-- a table within itself is left out.
local function values_of(form, omitted, depth, copies)
  if depth > 20 then return nil end
  if copies[form] ~= nil then return copies[form] or nil end
  copies[form] = false
  local metatable = getmetatable(form)
  local copy = setmetatable({}, type(metatable) == "table" and metatable or nil)
  for key, value in pairs(form) do
    if type(value) == "table" then value = not is_file(value) and values_of(value, omitted, depth + 1, copies) or nil end
    if not omitted[key] then rawset(copy, readable(key), readable(value)) end
  end
  copies[form] = copy
  return copy
end

local function report(action, e, status, cause)
  local what = cause == nil and e or cause
  local event = { kind = "fault", cause = what, status = status, message = tostring(what), time = core.clock() }
  if errors.is_error(what) then event.error, event.place = what.code, what.place end
  action.db[client.SHARED].observer:fault(event)
end

local function succeeded(call, value)
  return { ok = true, value = value, redirect = call.redirect, status = call.redirect and 303 or 200 }
end

local function failed(action, call, e)
  if not errors.is_error(e) then return error(e, 0) end
  if e.code == "P2028" and e.meta.committed then
    report(action, e, 200, e.meta.cause)
    return succeeded(call, e.meta.results[1])
  end
  local status, words, omitted = faults.status(e), core.messages(client.scope(action.db, "action")), action.db[client.SHARED].omitted
  local answer = { ok = false, status = status, code = faults.code(e, status), values = values_of(call.form, omitted, 0, {}) }
  if status < 500 then
    answer.errors = faults.messages(e, words, call.input, action:facts(e))
    answer.faults = faults.without(e.meta.faults, omitted)
  else
    answer.errors = { base = faults.word(words, "failed", "base") }
    report(action, e, status)
  end
  return answer
end

local function conclude(action, call, ok, value)
  if ok then return succeeded(call, value) end
  return failed(action, call, value)
end

local Action = {}
Action.__index = Action

--- Returns what is known of the form: of its model, or of the model of an error if the form has none.
---@param e any
---@return rille.FormFacts
function Action:facts(e)
  local function find(name)
    if not name then return nil end
    self.known[name] = self.known[name] or core.model_facts(client.scope(self.db, "action"), name)
    return self.known[name]
  end
  return { model = find(self.model_name or errors.is_error(e) and e.meta.model or nil), find = find }
end

local function check_input(db, action, given)
  if given == nil or is_callable(given) then
    action.input = given
    return
  end
  if type(given) ~= "table" then options.refuse("action: input", 'a table such as { model = "post", allow = { "title" } }, or a function', given) end
  action.allow = {}
  for key, value in pairs(core.plain(given, "action: input")) do
    if key ~= "model" then action.allow[key] = value end
  end
  if type(given.model) ~= "string" then options.refuse("action: input.model", "the name of a model", given.model) end
  action.model_name, action.model = given.model, db[given.model] -- raises if there is none
  input_options.check(unwrap.model(action.model), action.allow)
end

--- Makes an action: a function of a form and a context that returns an answer. It asks authorize(context, form), reads the input, runs run(tx, input,
--- context) in a transaction, evaluates `revalidate` and `redirect`, and commits. An answer is { ok = true, value, redirect, status } or { ok = false,
--- status, code, errors, values }: `errors` has messages by field, `values` is the form without files and without fields that the client omits. From
--- status 500 on it has no details; the event "fault" has them. Errors that are not rille's are raised again after the rollback. See docs/actions.md.
---@param definition rille.ActionOptions
---@return fun(form: table|nil, context: table|nil): rille.Answer
function methods:action(definition)
  client.scope(self, "action")
  if rawget(self, client.IN_TRANSACTION) then errors.raise("VALIDATION", "action: actions belong to the client; each call begins its own transaction") end
  if definition == nil then options.refuse("action", "a table of options", definition) end
  options.check(ACTION, definition, "action")
  options.check(REVALIDATE, definition.revalidate, "action: revalidate")
  local transaction = definition.transaction
  if transaction == true then transaction = nil end
  if transaction ~= nil and transaction ~= false and type(transaction) ~= "table" then
    options.refuse("action: transaction", "a table of options, or a boolean", transaction)
  end
  if transaction then client.check_transaction_options(transaction, "action: transaction") end
  if definition.redirect ~= nil and not is_callable(definition.redirect) then check_redirect(definition.redirect) end
  local action = setmetatable({ db = self, authorize = definition.authorize, run = definition.run, redirect = definition.redirect,
    revalidate = definition.revalidate, transaction = transaction, known = {} }, Action)
  check_input(self, action, definition.input)
  return function(form, context)
    if form ~= nil and type(form) ~= "table" then options.refuse("action: form", "a table, such as rille.form(body, content_type)", form) end
    if context ~= nil and type(context) ~= "table" then options.refuse("action: context", "a table", context) end
    local call = { form = form or {}, context = context or {} }
    return conclude(action, call, pcall(perform, action, call))
  end
end

return methods
