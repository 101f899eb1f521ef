-- More than a thousand attempts to read or write rows across tenants: see attempts.lua. None of them gets or changes anything of the other tenant.
local support = require "support"
local tenants = require "scope.tenants"

-- Whether a result has no row.
local function is_nothing(v)
  if v == nil or v == false or v == 0 or v == "[]" or v == "null" then return true end
  if type(v) ~= "table" then return false end
  if v.rows and v.page then return #v.rows == 0 and (v.total or 0) == 0 end
  if v._count ~= nil then return v._count == 0 end
  if v.count ~= nil then return v.count == 0 end
  return next(v) == nil
end

local function same(a, b)
  if #a > #b then return false end
  local known = {}
  for _, line in ipairs(b) do known[line] = true end
  for _, line in ipairs(a) do
    if not known[line] then return false end
  end
  return true
end

support.each_engine(function(engine)
  it("get and change nothing of the other tenant", function()
    local rille = require "rille"
    local list = require "scope.attempts".all()
    local db, own = tenants.open(engine)
    local first, wrong, failed = tenants.state(db), {}, 0
    local function text(v) return type(v) == "table" and rille.json.encode(v) or tostring(v) end
    local function fault(attempt, what, got) wrong[#wrong + 1] = ("%s: %s: %s"):format(attempt.name, what, text(got):sub(1, 300)) end
    for _, attempt in ipairs(list) do
      local ok, got = pcall(attempt.run, own)
      local told = ok and text(got) or tostring(got) .. (type(got) == "table" and text(got.meta) or "")
      if not ok then failed = failed + 1 end
      if not ok and type(got) ~= "table" then fault(attempt, "no error of rille", got) end
      if told:find(tenants.SECRET, 1, true) and not attempt.name:find "explain" then fault(attempt, "it tells", told) end
      if ok and attempt.expect == "error" then fault(attempt, "no error", got) end
      if ok and attempt.expect == "nothing" and not is_nothing(got) then fault(attempt, "it gives", got) end
      local now = tenants.state(db)
      if now.other ~= first.other then fault(attempt, "the other tenant's rows have changed", now.other) end
      if not same(now.crossings, first.crossings) then fault(attempt, "a new reference to the other tenant", now.crossings) end
      if now.own ~= first.own or now.other ~= first.other then tenants.fill(db) end
    end
    print(("%d attempts on %s, %d of them refused"):format(#list, engine, failed))
    assert.are.equal("", table.concat(wrong, "\n"):sub(1, 20000))
    assert.is_true(#list > 1000)
  end)
end)
