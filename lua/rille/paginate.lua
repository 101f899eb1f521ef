--- Pages: model:paginate, by number or by keyset. The list and the count are one batch that reads one snapshot.
local core = require "rille.core"
local errors = require "rille.errors"
local keyset = require "rille.keyset"
local options = require "rille.options"
local wait = require "rille.wait"

local PER_PAGE, MAX_PER_PAGE, MAX_PAGE = 20, 100, 1000000000
-- No database knows more rows.
local MAX_SKIP = 2 ^ 53

local PAGES = options.declare("rille.PageOptions", {
  { "page", "any", is = "integer|string", doc = "from 1; a string of a query string is converted: 1" },
  { "per_page", "any", is = "integer|string", doc = "rows of a page; a string is converted: 20" },
  { "max_per_page", "integer", least = 1, most = 1000000, doc = "the largest accepted `per_page`: 100" },
  { "total", "boolean", doc = "whether all rows are counted: true, but false with `after` or `before`" },
  { "after", "any", is = "string", doc = "the `next` of a page: the rows after it" },
  { "before", "any", is = "string", doc = "the `previous` of a page: the rows before it" },
})

-- Arguments of find_many that paginate sets or cannot honour.
local REFUSED = {
  take = "pages have `per_page`",
  skip = "pages have `page`",
  cursor = "pages have `after` and `before`",
  distinct = "rows of a page are not counted by distinct values; use group_by",
  lock = "read the rows of a page first, then lock them by their keys",
  batch = "pages have `per_page`",
}

-- ---------------------------------------------------------------------------------------------------------------------------------------- arguments

-- Returns an argument that may come from a query string as an integer within bounds. Errors: INPUT with meta.status 400.
local function integer_of(given, name, usual, most)
  if given == nil or given == "" or given == core.null then return usual end
  local value = given
  if type(given) == "string" then value = #given <= 30 and given:find "^%s*[+-]?%d+%s*$" and tonumber((given:match "[%d-]+")) or nil end
  if type(value) ~= "number" or value % 1 ~= 0 then
    local shown = type(given) == "string" and ("%q"):format(given:sub(1, 30)) or type(given) == "number" and tostring(given) or errors.type_name(given)
    error(errors.new("INPUT", ("paginate: %s: expected an integer, got %s"):format(name, shown), { status = 400, path = name }), 0)
  end
  value = math.max(1, math.min(value, most))
  return math.floor(value)
end

-- A token; an empty string is none, as in `?after=`.
local function token_of(token)
  if token == "" or token == core.null then return nil end
  return token
end

local FIND = { where = true, select = true, include = true, omit = true, order_by = true, relation_load_strategy = true, as = true,
  bigint = true, cache = true }

local KNOWN = {}
for _, names in ipairs { PAGES.names, FIND } do
  for name in pairs(names) do KNOWN[name] = true end
end

local function refuse_name(name)
  local why = REFUSED[name]
  if why then errors.raise("VALIDATION", "paginate: unexpected argument `%s`; %s", name, why) end
  local near = type(name) == "string" and errors.nearest(name, KNOWN)
  errors.raise("VALIDATION", "paginate: unknown argument `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
end

-- Splits the arguments: those of paginate, and those of find_many.
local function split(model, given)
  if given == nil then given = {} end
  if type(given) ~= "table" then options.refuse("paginate", "a table of arguments, as in paginate{ where = { ... }, page = 1 }", given) end
  if core.decoded(given) then model:find_many(given) end -- raises; a copy would have no mark
  local own, find = {}, {}
  for key, value in pairs(core.plain(given, "paginate")) do
    if PAGES.names[key] then own[key] = value
    elseif FIND[key] then find[key] = value
    else refuse_name(key)
    end
  end
  options.check(PAGES, own, "paginate")
  if find.where == core.all then find.where = nil end
  return own, find
end

-- Rows and total are read as one snapshot, and the cache answers single reads.
local function check_cache(find, request)
  if not find.cache then return end
  if find.as ~= nil then errors.raise("VALIDATION", "paginate: cache: cannot be used together with `as`") end
  if request.total then
    errors.raise("VALIDATION", "paginate: cache: only with `total = false`: rows and total are read as one snapshot, which the cache does not have")
  end
end

local function request_of(own)
  local most = own.max_per_page or MAX_PER_PAGE
  local request = {
    after = token_of(own.after),
    before = token_of(own.before),
    per_page = integer_of(own.per_page, "per_page", math.min(PER_PAGE, most), most),
  }
  if request.after ~= nil and request.before ~= nil then
    error(errors.new("INPUT", "paginate: `after` and `before` cannot be used together", { status = 400, path = "after" }), 0)
  end
  request.by_key = request.after ~= nil or request.before ~= nil
  if not request.by_key then request.page = integer_of(own.page, "page", 1, MAX_PAGE) end
  request.numbered = own.page ~= nil
  request.total = own.total
  if request.total == nil then request.total = not request.by_key end
  return request
end

-- ------------------------------------------------------------------------------------------------------------------------------------------- fields

local function is_yes(value) return value ~= nil and value ~= false and value ~= core.null end

local function is_decoded(value) return type(value) == "table" and core.decoded(value) ~= nil end

-- Makes find_many return the fields of the order, which tokens are built from. Returns those that the caller has not asked for.
local function show_fields(find, order, facts, omitted)
  local hidden, left_out = {}, {}
  if is_decoded(find.select) or is_decoded(find.omit) then return hidden end -- find_many refuses it; a copy would have no mark
  for _, name in ipairs(omitted or {}) do left_out[name] = true end
  local chosen = type(find.select) == "table" and core.plain(find.select, "select") or nil
  local omit = type(find.omit) == "table" and core.plain(find.omit, "omit") or nil
  local changed = {}
  for _, term in ipairs(order.terms) do
    local name = term.field.name
    if chosen and not is_yes(chosen[name]) then
      changed[name], hidden[#hidden + 1] = true, name
    elseif not chosen and omit and is_yes(omit[name]) then
      changed[name], hidden[#hidden + 1] = false, name
    elseif not chosen and left_out[facts.snake .. "." .. name] and (not omit or omit[name] == nil) then
      changed[name], hidden[#hidden + 1] = false, name
    end
  end
  if #hidden == 0 or (chosen and next(chosen) == nil) then return hidden end
  for name, value in pairs(chosen or omit or {}) do
    if changed[name] == nil then changed[name] = value end
  end
  if chosen then find.select = changed else find.omit = changed end
  return hidden
end

-- Removes what the caller has not asked for. Strict rows then refuse it.
local function hide_fields(rows, hidden)
  local strict = rows[1] and getmetatable(rows[1])
  local metatable = strict and strict.without and strict.without(hidden)
  for _, row in ipairs(rows) do
    for _, name in ipairs(hidden) do row[name] = nil end
    if metatable then setmetatable(row, metatable) end
  end
end

-- --------------------------------------------------------------------------------------------------------------------------------------- the reading

local function find_rows(model, find) return model:find_many(find) end

local function run_batch(model, scope, calls)
  local steps = core.hook(model) and wait or core
  return steps.batch(scope, calls, "snapshot")
end

-- Reads the rows, and the number of all of them.
local function read(model, scope, find, where, counts)
  if not counts then return find_rows(model, find) end
  local results = run_batch(model, scope, { { model, "find_many", find }, { model, "count", { where = where } } })
  return results[1], results[2]
end

-- Returns the fields that tokens are built from. An order without tokens needs any, because rows are counted.
local function key_fields(order, facts)
  local select = {}
  for _, term in ipairs(order.why and {} or order.terms) do select[term.field.name] = true end
  for _, field in ipairs(facts.fields) do
    if next(select) then break end
    if not field.ignored and (field.kind == "scalar" or field.kind == "enum") then select[field.name] = true end
  end
  return select
end

-- The same with the rows as JSON text, which has no values for tokens: those are read apart, of one row more.
local function read_json(model, scope, find, where, request, select)
  local text = {}
  for key, value in pairs(find) do text[key] = value end
  text.take = request.before ~= nil and -request.per_page or request.per_page
  local keys = { where = find.where, order_by = find.order_by, skip = find.skip, take = find.take, select = select }
  local calls = { { model, "find_many", text }, { model, "find_many", keys } }
  if request.total then calls[3] = { model, "count", { where = where } } end
  local results = run_batch(model, scope, calls)
  return results[2], results[3], results[1]
end

local function find_place(find, request, order, model)
  if not request.by_key then
    local skip = (request.page - 1) * request.per_page
    if skip > 0 then find.skip = math.floor(math.min(skip, MAX_SKIP)) end
    return nil
  end
  local what = request.after ~= nil and "after" or "before"
  if order.why then
    errors.raise("VALIDATION", "paginate: order_by: `%s` needs an order by fields of the model, but %s; use `page`", what, order.why)
  end
  local place = keyset.read(order, request[what], what)
  local condition = keyset.condition(order, place, what == "before")
  keyset.check(model, condition, what)
  find.where = find.where ~= nil and { AND = { find.where, condition } } or condition
  return place
end

-- Sets has_next, has_previous and the tokens.
local function set_neighbours(page, request, order, place, more)
  local rows = page.rows
  if request.page then
    page.has_previous = request.page > 1
    page.has_next = more
    if page.total then page.has_next = request.page * request.per_page < page.total end
  else
    page.has_previous = request.after ~= nil or more
    page.has_next = request.before ~= nil or more
  end
  if order.why then return end
  local function token(row)
    if #rows == 0 then return place and keyset.turn(order, place) end
    local text = keyset.token(order, row)
    if text or request.numbered then return text end
    return errors.raise("VALIDATION", "paginate: order_by: the values of a row are too long for a token; order by a shorter field, or give `page`")
  end
  if page.has_next then page.next = token(rows[#rows]) end
  if page.has_previous then page.previous = token(rows[1]) end
end

local ORDER_OF_KEYS = { "has_next", "has_previous", "next", "page", "pages", "per_page", "previous", "rows", "total" }

-- Writes a page as rille.json.encode does.
local function page_text(page, rows)
  local parts = {}
  for _, key in ipairs(ORDER_OF_KEYS) do
    local value = page[key]
    if value ~= nil then parts[#parts + 1] = ('"%s":%s'):format(key, key == "rows" and rows or core.json.encode(value)) end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Takes the form of the answer out of the arguments: extensions work on rows, which become text at the end.
local function take_answer(model, find)
  local answer = { json = find.as ~= nil, bigint = find.bigint == "string" }
  if find.as ~= nil or find.bigint ~= nil then core.explain(model, { as = find.as, bigint = find.bigint }, "find_many") end -- raises if it is wrong
  find.as, find.bigint = nil, nil
  return answer
end

--- The method; documented in rille.model. The row's key is added to the order, so pages do not overlap.
---@param model userdata
---@param given table|nil
---@param through? fun(find: table, where: table|nil, counts: boolean): table, integer|nil reads the rows and the total in place of the core
---@param finish? fun(rows: table) changes the rows of the page
return function(model, given, through, finish)
  local own, find = split(model, given)
  local answer = (through or finish) and take_answer(model, find) or nil
  local request = request_of(own)
  check_cache(find, request)
  local scope, omitted = core.model_scope(model)
  local facts = core.model_facts(model)
  local order = keyset.order(scope, facts, find.order_by)
  if #order.order_by > 0 then find.order_by = order.order_by end
  local where, as_json = find.where, find.as ~= nil
  local place = find_place(find, request, order, model)
  local hidden = as_json and {} or show_fields(find, order, facts, omitted)
  find.take = request.before ~= nil and -(request.per_page + 1) or request.per_page + 1
  local rows, total, text
  if as_json then
    rows, total, text = read_json(model, scope, find, where, request, key_fields(order, facts))
  elseif through then
    rows, total = through(find, where, request.total)
  else
    rows, total = read(model, scope, find, where, request.total)
  end

  local page = { rows = rows, page = request.page, per_page = request.per_page, total = total }
  if total then page.pages = math.floor((total + request.per_page - 1) / request.per_page) end
  local more = #rows > request.per_page
  if more then table.remove(rows, request.before ~= nil and 1 or #rows) end
  set_neighbours(page, request, order, place, more)
  if finish then finish(rows) end
  if #hidden > 0 then hide_fields(rows, hidden) end
  if answer and answer.json then text = core.json.encode(core.array(rows), false, answer.bigint, model) end
  return text and page_text(page, text) or page
end
