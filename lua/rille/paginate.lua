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
  as = "encode the page with rille.json.encode(page, { model = ... })",
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

local FIND = { where = true, select = true, include = true, omit = true, order_by = true, relation_load_strategy = true }

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
local function split(given)
  if given == nil then given = {} end
  if type(given) ~= "table" then options.refuse("paginate", "a table of arguments, as in paginate{ where = { ... }, page = 1 }", given) end
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

-- Makes find_many return the fields of the order, which tokens are built from. Returns those that the caller has not asked for.
local function show_fields(find, order, facts, omitted)
  local hidden, left_out = {}, {}
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

-- --------------------------------------------------------------------------------------------------------------------------------------- the reading

local function find_rows(model, find) return model:find_many(find) end

-- Reads the rows, and the number of all of them.
local function read(model, scope, find, where, counts)
  if not counts then return find_rows(model, find) end
  local steps = core.hook(model) and wait or core
  local results = steps.batch(scope, { { model, "find_many", find }, { model, "count", { where = where } } }, "snapshot")
  return results[1], results[2]
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

-- The method; documented in rille.model. The row's key is added to the order, so pages do not overlap.
return function(model, given)
  local own, find = split(given)
  local request = request_of(own)
  local scope, omitted = core.model_scope(model)
  local facts = core.model_facts(model)
  local order = keyset.order(scope, facts, find.order_by)
  if #order.order_by > 0 then find.order_by = order.order_by end
  local where = find.where
  local place = find_place(find, request, order, model)
  local hidden = show_fields(find, order, facts, omitted)
  find.take = request.before ~= nil and -(request.per_page + 1) or request.per_page + 1
  local rows, total = read(model, scope, find, where, request.total)

  local page = { rows = rows, page = request.page, per_page = request.per_page, total = total }
  if total then page.pages = math.floor((total + request.per_page - 1) / request.per_page) end
  local more = #rows > request.per_page
  if more then table.remove(rows, request.before ~= nil and 1 or #rows) end
  set_neighbours(page, request, order, place, more)
  for _, row in ipairs(rows) do
    for _, name in ipairs(hidden) do row[name] = nil end
  end
  return page
end
