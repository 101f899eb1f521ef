-- A second guard beside scopes: raises when a row of another tenant is read or written, wherever the mistake is. `db:extend(tenant_guard(7))`.
-- Nested reads are checked too. Rows in which `tenantId` is not selected cannot be checked and are let through.
local function check(value, tenant)
  if type(value) ~= "table" then return end
  local owner = rawget(value, "tenantId")
  if owner ~= nil and owner ~= tenant then error("a row of another tenant", 0) end
  for _, one in pairs(value) do check(one, tenant) end
end

return function(tenant)
  return {
    name = "tenant guard",
    query = { ["*"] = function(call)
      local result = call.run(call.args)
      check(result, tenant)
      return result
    end },
    write = {
      user = { before = function(row, _, _, current)
        check(current, tenant)
        if not current then row.tenantId = row.tenantId or tenant end
        check(row, tenant)
      end },
      post = { before = function(row, _, _, current)
        check(current, tenant)
        if not current then row.tenantId = row.tenantId or tenant end
        check(row, tenant)
      end },
    },
  }
end
