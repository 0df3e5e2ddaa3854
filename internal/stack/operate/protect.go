package operate

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Protect makes CloudFormation refuse to delete the stack, or no longer refuse it.
func (s *Stack) Protect(ctx context.Context, protected bool) error {
	if s.Protected == protected {
		return nil
	}
	if _, err := s.protector.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: &s.id, EnableTerminationProtection: &protected,
	}); err != nil {
		return fmt.Errorf("stack %s: termination protection: %w", s.Name, err)
	}
	s.Protected = protected
	return nil
}

// A ProtectedError is returned for a stack that CloudFormation refuses to delete.
type ProtectedError struct{ Stack string }

// Error returns the stack.
func (e *ProtectedError) Error() string {
	return fmt.Sprintf("stack %s has termination protection", e.Stack)
}

// Hint returns how to remove the protection.
func (e *ProtectedError) Hint() string {
	return fmt.Sprintf("remove it with thingpress stack deploy --stack %s --termination-protection=false", e.Stack)
}
