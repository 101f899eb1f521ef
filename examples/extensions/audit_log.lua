-- Every row that is written, nested ones too, leaves a row in AuditLog, in the same transaction.
local rille = require "rille"

local function text(row, model, db) return row and rille.json.encode(row, { model = db[model] }) or nil end

return {
  name = "audit log",
  write = { ["*"] = {
    after = function(row, tx, action, previous, model)
      if model == "AuditLog" then return end
      tx.audit_log:create { data = {
        model = model, action = action, before = text(previous, model, tx), after = action ~= "delete" and text(row, model, tx) or nil,
      } }
    end,
  } },
  model = { audit_log = {
    ---@param model string
    ---@return db.AuditLog[]
    of = function(self, model) return self:find_many { where = { model = model }, order_by = { id = "asc" } } end,
  } },
}
